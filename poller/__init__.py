"""The poller: claims actions from PostgreSQL, renders them, freezes what it is about to send, sends it, reports back.

loop        claim, send and report, until told to stop; ``run`` is the way in
database    one function per SQL function; nothing else here talks SQL
render      an action's definition and context become a message, by ``templates``
perform     one message over one connection: an outcome
channels/   what providers want and what their answers mean: pure functions
http, mail  the two ways out
"""
