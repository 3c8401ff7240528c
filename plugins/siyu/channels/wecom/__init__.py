"""WeCom 企业微信: staff, contacts, tags, groups, statistics, Moments, mass messages, payments, links, transfers.

    access.py       credentials, token, what a code means
    parts.py        what the streams share: requests, paging, the guides, columns of persons
    directory.py    departments and staff
    contacts.py     guides, external contacts with their phones and tags, corp tags, id conversion
    groups.py       group chats and their members
    statistics.py   what staff and groups did per day
    moments.py      Moments: who published, who could see them, who liked
    messages.py     mass messages: who confirmed, who received
    payments.py     outward payments 对外收款: bills, refunds, fund flow
    acquisition.py  acquisition links 获客助手 and their customers
    transfers.py    customers handed over, or left behind

Contract: docs/channels/wecom.md. Money is integer fen, times are epoch seconds, days those of China.
"""

from siyu.channels.api.declare import Connector
from siyu.channels.wecom import (
    access,
    acquisition,
    contacts,
    directory,
    groups,
    messages,
    moments,
    payments,
    statistics,
    transfers,
)

CONNECTOR = Connector(
    channel="wecom",
    settings=access.SETTINGS,
    api=access.API,
    streams=(
        *directory.STREAMS,
        *contacts.STREAMS,
        *groups.STREAMS,
        *statistics.STREAMS,
        *moments.STREAMS,
        *messages.STREAMS,
        *payments.STREAMS,
        *acquisition.STREAMS,
        *transfers.STREAMS,
    ),
)
