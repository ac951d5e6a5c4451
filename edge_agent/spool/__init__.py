"""The durable queue between the rules and the gateway: nothing acknowledged is lost.

root/waiting/LANE/STORE.BOOT.SEQ.seg   sealed, or still open in this boot; to be uploaded
root/sent/LANE/…                       acknowledged by the gateway, kept for a while for audits
root/refused/LANE/…                    poison: the gateway refuses the batch itself
root/corrupt/…                         bytes that were no record any more
root/lock, root/reserve                one agent per spool; room for the last critical events

A segment's folder is the ack cursor: it moves to `sent` after the gateway's ack, so the cursor
may lag behind a crash (the batch is sent again, which is harmless) and never leads.
"""
