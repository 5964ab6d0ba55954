"""The poller: claims actions from PostgreSQL, renders them, freezes what it is about to send, sends it, reports back.

loop        claim, send and report, until told to stop; ``run`` is the way in
action      what the loop holds
database    one function per SQL function; nothing else here talks SQL
render      an action's definition and context become a message, by ``templates``
perform     one message over one connection: an outcome
channels/   what providers want and what their answers mean: pure functions
http, mail  the two ways out
secrets     references become values at the moment of sending, and values become ***
settings    the environment, read once
serverless  one limited run, as a function that a cloud calls
failpoints  where a test kills it
"""
