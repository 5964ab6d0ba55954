"""Actions of a company: one that computes, one that asks a service.

`pip install docs/examples/actions`, or for a try `PYTHONPATH=docs/examples/actions pgwhen poll --actions acme_actions`.
"""

import json
import os
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Literal, TypedDict

from pgwhen.poller.actions import Context, Permanent, Throttled, Transient, action

FREE_MAIL = ("gmail.com", "hotmail.com", "outlook.com")


@dataclass
class Lead:
    """What score_lead is told."""

    email: str
    employees: int = 0
    source: Literal["website", "referral", "event"] = "website"


class Score(TypedDict):
    """What it answers."""

    score: int
    reasons: list[str]


@action
def score_lead(params: Lead, context: Context) -> Score:
    """Scores a lead from 0 to 100 by its address, its size and where it came from."""
    if "@" not in params.email:
        raise Permanent(f"{params.email!r} is not an e-mail address")
    found = {
        "has an address of its own": 0 if params.email.rpartition("@")[2].lower() in FREE_MAIL else 30,
        "is large": min(params.employees // 10, 40),
        "was recommended": 30 if params.source == "referral" else 0,
    }
    return {"score": sum(found.values()), "reasons": [reason for reason, points in found.items() if points]}


@dataclass
class Currencies:
    """What exchange_rate is told."""

    base: str
    to: str


@action
def exchange_rate(params: Currencies, context: Context) -> dict[str, float]:
    """Asks a service of the company (RATES_URL) for a rate of exchange.

    The key goes along, so that the service can tell a repetition; its answers are classified as the classes ask for.
    """
    url = f"{os.environ['RATES_URL']}/{params.base}/{params.to}"
    request = urllib.request.Request(url, headers={"Idempotency-Key": context.idempotency_key})
    try:
        with urllib.request.urlopen(request, timeout=context.timeout) as answer:
            return {"rate": json.load(answer)["rate"]}
    except urllib.error.HTTPError as error:
        with error:  # it is the answer, and has a connection
            if error.code == 429:
                raise Throttled("too many questions", float(error.headers.get("Retry-After", 60))) from error
            if error.code < 500:
                raise Permanent(f"there is no rate of {params.base} in {params.to}") from error
            raise Transient(f"the service answered {error.code}") from error
    except OSError as error:
        raise Transient(f"the service cannot be reached: {error}") from error
