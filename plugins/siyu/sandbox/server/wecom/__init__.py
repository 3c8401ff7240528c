"""WeCom 企业微信, as contracts/wecom_core.md and wecom_marketing.md say it.

protocol   tokens, refusals, rate limits, how a call reaches a handler
asked      parameters and pages of one call
others     one module per subject; each names its endpoints in ENDPOINTS

Apps: `self_built` sees everything under the corp's own ids; `narrow` has one region in its visible range and may not
see payments; `provider` (third party) sees other ids, no phone numbers and no sensitive fields of staff.
"""

from siyu.sandbox.server.wecom.protocol import make_channel

__all__ = ["make_channel"]
