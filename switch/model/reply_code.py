"""Reply codes: every way a request can be answered, in order of precedence, and what comes next.

The same numbers stand in `reply.proto`; a test compares the two.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Next(StrEnum):
    """What the caller does after a reply."""

    NOTHING = "nothing"
    """Final. Show the text."""
    NEW_REQUEST = "new_request"
    """Nothing was posted. Correct what the text names and send a new request id."""
    PRESETTLE = "presettle"
    """Nothing was posted. Presettle again, show the patient the new amounts, settle anew."""
    PATIENT_PAYS = "patient_pays"
    """Nothing was posted. The patient pays and claims by hand."""
    CARD_OFFICE = "card_office"
    """Nothing was posted. The patient goes to the card office."""
    AGENCY = "agency"
    """Nothing was posted. The insured place's agency must act."""


class ReplyCode(IntEnum):
    """Outcome of a request. Earlier numbers take precedence when several apply."""

    OK = 1
    # The request id, before anything else.
    CANCELLED = 100
    REVERSED = 101
    REQUEST_TOO_OLD = 102
    REQUEST_AHEAD = 103
    # The undo.
    ORIGINAL_UNKNOWN = 110
    ORIGINAL_DIFFERS = 111
    ORIGINAL_NOT_SETTLEMENT = 112
    ORIGINAL_DECLINED = 113
    ALREADY_UNDONE = 114
    LATER_SETTLEMENTS_DEPEND = 115
    REPLACES_MORE = 116
    ACCOUNT_SPENT = 117
    ORIGINAL_ADJUSTED = 118
    # The credential, in the order of the checks.
    CARD_MALFORMED = 200
    CARD_REGION_NOT_SERVED = 201
    CARD_SCHEME_UNKNOWN = 202
    AMOUNT_ABOVE_CARD_LIMIT = 203
    NONCE_EXPIRED = 204
    NONCE_INVALID = 205
    CARD_TIME = 206
    CARD_UNKNOWN = 207
    CARD_KEY_NOT_LIVE = 208
    CARD_PROOF_INVALID = 209
    CARD_REPLACED = 210
    CARD_DATA_DIFFERS = 211
    CARD_NOT_YET_VALID = 212
    CARD_EXPIRED = 213
    CARD_TEMPORARILY_LOST = 214
    CARD_LOST = 215
    CARD_CANCELLED = 216
    CARD_LOCKED_PERSON = 217
    CARD_LOCKED_EMPLOYER = 218
    CARD_COUNTER_USED = 219
    IDENTITY_UNKNOWN = 220
    IDENTITY_NOT_ACCEPTED = 221
    VOUCHER_ISSUER_UNKNOWN = 222
    VOUCHER_INVALID = 223
    VOUCHER_EXPIRED = 224
    VOUCHER_USED = 225
    # A card's life, at the card office.
    CARD_AGENCY_OTHER = 230
    CARD_CHANNEL_CLOSED = 231
    CARD_CLOSED = 232
    CARD_LOST_ALREADY = 233
    CARD_NOT_LOST = 234
    CARD_LOCKED_ALREADY = 235
    CARD_NOT_LOCKED = 236
    NEW_CARD_REGISTERED = 237
    NEW_CARD_DATES = 238
    NEW_CARD_NOT_PROVABLE = 239
    CARD_SUSPECTED = 240
    # Institution and entitlement.
    INSTITUTION_NOT_DESIGNATED = 300
    KIND_NOT_OPEN_HERE = 301
    NOT_INSURED = 302
    INSURANCE_AMBIGUOUS = 303
    INJURY_ANOTHER_PAYER = 304
    POLICY_NOT_HELD = 305
    KIND_NOT_COVERED = 306
    COVER_WAITING = 307
    COVER_SUSPENDED = 308
    PRESCRIPTION_MISSING = 309
    # Care elsewhere and special diseases.
    INSTITUTION_NOT_OPEN_CROSS_CITY = 310
    FILING_MISSING = 311
    FILING_ENDED = 312
    SPECIAL_DISEASE_EXCLUDED_CROSS_CITY = 313
    SPECIAL_DISEASE_FILING_MISSING = 314
    SPECIAL_DISEASE_NOT_LISTED = 315
    CARD_LOST_UNCOVERED = 316
    # Filings.
    FILING_AGENCY_ONLY = 320
    FILING_NOT_SERVED = 321
    FILING_PLACE_UNKNOWN = 322
    FILING_PLACE_AT_HOME = 323
    FILING_DISEASE_UNKNOWN = 324
    FILING_INSTITUTION_UNKNOWN = 325
    FILING_RELATIVE_UNKNOWN = 326
    FILING_RELATIVE_ELSEWHERE = 327
    FILING_TOO_EARLY = 328
    FILING_TOO_LONG = 329
    FILING_OVERLAPS = 330
    FILINGS_TOO_MANY = 331
    FILING_UNKNOWN = 332
    FILING_OF_ANOTHER = 333
    FILING_OVER = 334
    # Visits.
    VISIT_UNKNOWN = 340
    VISIT_OF_ANOTHER = 341
    VISIT_DIFFERS = 342
    VISIT_CANCELLED = 343
    VISIT_SETTLED = 344
    VISIT_DISCHARGED = 345
    VISIT_NOT_DISCHARGED = 346
    VISIT_NOT_CONTINUED = 347
    VISIT_STAY_OPEN = 348
    VISIT_NUMBER_USED = 349
    VISIT_DISCHARGE_BEFORE_ADMISSION = 350
    VISIT_LINES_BEYOND = 351
    VISIT_SETTLEMENTS_LIVE = 352
    VISIT_LINE_DIFFERS = 353
    VISIT_LINE_SETTLED = 354
    VISIT_LINE_UNKNOWN = 355
    VISIT_LINE_TOO_EARLY = 356
    VISIT_LINE_OVERDRAWN = 357
    VISIT_LINES_TOO_MANY = 358
    VISIT_NOTHING_TO_SETTLE = 359
    VISIT_TOTAL_DIFFERS = 360
    VISIT_NOT_REPLACED = 361
    # The money.
    AMOUNTS_CHANGED = 400


@dataclass(frozen=True, slots=True)
class ReplyText:
    """What a code says to people, and what the caller does next."""

    zh: str
    en: str
    next: Next
