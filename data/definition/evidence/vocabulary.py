"""What the names and cells of credit tables usually mean, and names as words: the knowledge that guesses rest on."""

from __future__ import annotations

import re
import unicodedata
from types import MappingProxyType

from data.reading.gaps import GAPS as WORDS_FOR_GAPS

_PIECE = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_]+|\d+")
# Where a name is made of words without a sign between them: monthlyIncome, Times90DaysLate.
_SEAM = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[a-z]{3})(?=\d+(-\d+)?[A-Z])|(?<=\d)(?=[A-Z][a-z]{2})")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")

IDS = frozenset(
    {
        "id",
        "key",
        "uuid",
        "guid",
        "nr",
        "no",
        "number",
        "ref",
        "reference",
        "antrag",
        "account",
        "loanid",
        "memberid",
        "customerid",
        "applicationid",
        "index",
        "row",
        "rowid",
        "rownumber",
    }
)
OUTCOMES = frozenset(
    {
        "target",
        "default",
        "defaulted",
        "isdefault",
        "hasdefaulted",
        "defaultflag",
        "outcome",
        "bad",
        "isbad",
        "badflag",
        "badloan",
        "goodbad",
        "loanstatus",
        "defaultpaymentnextmonth",
        "defaultnextmonth",
        "seriousdlqin2yrs",
        "chargedoff",
        "creditability",
        "creditrisk",
        "isdelinquent",
        "delinquent",
        "nonperforming",
        "npl",
        "ausfall",
        "ausgefallen",
        "loandefault",
        "notfullypaid",
        "performance",
        "repaid",
        "isrepaid",
    }
)
WEAK_OUTCOMES = frozenset(
    {"class", "y", "label", "status", "risk", "result", "response", "ytrue", "observed", "actual"}
)
# Names of what a model predicts: 1 or "yes" is the default.
EVENTS = frozenset({"target", "outcome", "ytrue", "label", "observed", "actual", "y"})
# An outcome of these names is bad where it is "yes"; of the others nothing is known.
SAYS_BAD = re.compile(
    r"default|bad|delinq|dlq|charged?_?off|npl|nonperform|notfullypaid|ausfall|ausgefallen|defaut|impag|inadimpl"
)
SAYS_GOOD = re.compile(r"repaid|good|fullypaid|paid|creditability|performing|cured|surviv")
# The other end of what they contain: they are looked for first.
_SAYS_NOT_GOOD = re.compile(r"(not|non|un)(fully)?(repaid|good|paid|performing|cured|surviv)|nonperform")
_SAYS_NOT_BAD = re.compile(
    r"(no[tn]?|never|kein)(in)?(default|bad|delinq|dlq|charged?off|npl|ausfall|ausgefallen|defaut)"
)
BAD_CELLS = re.compile(
    r"ch(ar)?ge?d?[ _-]?off|^(in )?default(ed)?$|[: ]default$|^bad$|writ(e|ten)[ _-]?off|"
    r"non[ _-]?perform|delinquent|^npl$|not (re)?paid|^unpaid$|ausgefallen|ausfall|^schlecht$|notleidend"
)
GOOD_CELLS = re.compile(
    r"fully[ _-]?paid|^p[ .]?i[ .]?f\.?$|^(re)?paid([ _-]?(off|up|in full|back))?$|^good$|^repaid|"
    r"^performing$|^completed$|no[tn]?[ _-]?default(ed)?|zur(ü|ue)ckgezahlt|^gut$"
)
# What turns a word for an outcome round or puts it in the past, before the word or after it.
NEGATED = re.compile(
    r"(^|[ _/-])(no|not|non|none|never|without|free|kein\w*|nicht|nie|ohne|sans|pas|jamais|cured|prior|previous(ly)?|"
    r"former(ly)?|ex|recovered|avoided)([ _/-]|$)|(^|[ _/-])(non?|not|un|nicht)$|n't\b"
)
YES = frozenset({"yes", "y", "true", "t", "ja", "j", "wahr", "oui", "si", "sí", "1"})
NO = frozenset({"no", "n", "false", "f", "nein", "falsch", "non", "0"})
APPROVED, DECLINED = r"^(approved?|accept(ed)?|grant(ed)?)$", r"^(declined?|reject(ed)?|refused?|denied)$"
DECIDED = re.compile(rf"{APPROVED}|{DECLINED}|^(referred|refer)$")

# Words in the names of scores that are called nothing more definite.
SCORE_WORDS = frozenset({"pd", "prob", "proba", "probability", "score", "prediction", "predicted", "pred"})
PROBABILITIES = frozenset(
    {
        "pd",
        "defaultprobability",
        "probabilityofdefault",
        "probabilitydefault",
        "probdefault",
        "predictionproba",
        "ypredproba",
        "yproba",
        "yprob",
        "proba1",
        "prob1",
        "probability1",
        "yscore",
        "prob",
        "proba",
        "probability",
        "score",
        "prediction",
        "predicted",
        "pred",
        "phat",
        "pdhat",
        "ypred",
        "ausfallwahrscheinlichkeit",
        "wahrscheinlichkeit",
        "logodds",
        "logit",
        "target",
    }
)
LOG_ODDS = frozenset({"logodds", "logit", "xbeta", "linearpredictor"})
# Words in the names of scores that say percent, and those of numbers that are neither probabilities nor percentages.
PERCENTS = frozenset({"pct", "percent", "percents", "percentage", "perc", "prozent"})
OTHER_UNITS = MappingProxyType(
    {
        **dict.fromkeys(("bps", "bp", "basispoints"), "basis points; divide by 10,000 to have PDs"),
        **dict.fromkeys(("permille", "promille"), "per mille; divide by 1,000 to have PDs"),
        **dict.fromkeys(
            ("decile", "quantile", "quartile", "quintile", "percentile", "pctile", "rank", "ranking"), "ranks"
        ),
        **dict.fromkeys(("bucket", "band", "bin"), "bands"),
        **dict.fromkeys(("odds",), "odds; o / (1 + o) makes them PDs"),
    }
)
POINTS = frozenset({"score", "points", "scorecard", "scorepoints", "scorecardpoints"})
# Columns that name the model of which a row has the score.
MODELS = frozenset(
    {
        "model",
        "modelname",
        "modelid",
        "modelno",
        "modelnr",
        "modelversion",
        "scorecard",
        "scoringmodel",
        "modell",
        "algorithm",
        "algo",
        "estimator",
        "classifier",
    }
)
# Ids of which each application has one of its own; a person or an account may have several applications.
OF_APPLICATIONS = frozenset({"id", "applicationid", "loanid", "appid"})
GRADES = frozenset(
    {"grade", "rating", "riskgrade", "ratinggrade", "ratingclass", "creditgrade", "riskclass", "ratingklasse"}
)
LGDS = frozenset({"lgd", "lossgivendefault"})
WEIGHTS = frozenset({"weight", "sampleweight", "sampleweights", "weights", "wt", "wgt", "gewicht", "caseweight"})
EXPOSURES = (
    "exposure",
    "ead",
    "loan",
    "funded",
    "credit",
    "kreditbetrag",
    "kredit",
    "limit",
    "amount",
    "principal",
    "amt",
)
AMOUNTS = frozenset(
    {
        "amount",
        "amt",
        "bal",
        "balance",
        "limit",
        "income",
        "salary",
        "wage",
        "credit",
        "loan",
        "bill",
        "payment",
        "payments",
        "price",
        "debt",
        "fee",
        "revenue",
        "revol",
        "cost",
        "annuity",
        "installment",
        "instalment",
        "exposure",
        "ead",
        "funded",
        "principal",
        "savings",
        "turnover",
        "sales",
        "assets",
        "equity",
        "inc",
        "pymnt",
        "betrag",
        "kreditbetrag",
        "einkommen",
        "rate_amount",
        "rent",
        "expenses",
        "deposit",
        "value",
        "money",
        "capital",
        "mortdue",
    }
)
NOT_AMOUNTS = frozenset(
    {
        "count",
        "cnt",
        "num",
        "number",
        "ratio",
        "rate",
        "pct",
        "percent",
        "share",
        "months",
        "month",
        "days",
        "years",
        "term",
        "age",
        "score",
        "grade",
        "flag",
        "history",
        "type",
        "code",
        "status",
        "util",
        "utilization",
    }
)
A_YEAR = frozenset({"annual", "yearly", "jahreseinkommen"})
COUNTS = frozenset({"count", "cnt", "num", "number", "n", "inq", "inquiries", "accounts", "acc", "anzahl", "times"})
SHARES = frozenset({"ratio", "share", "rate", "util", "utilization", "pct", "dti", "ltv", "fraction"})
AGES = frozenset({"age", "alter"})
PEOPLE = frozenset({"children", "dependents", "dependants", "dependent", "persons", "family", "household", "kinder"})
CODES = frozenset(
    {
        "sex",
        "gender",
        "education",
        "educ",
        "marriage",
        "marital",
        "status",
        "type",
        "code",
        "category",
        "cat",
        "class",
        "purpose",
        "region",
        "housing",
        "home",
        "job",
        "occupation",
        "sector",
        "branch",
        "channel",
        "product",
        "state",
        "segment",
        "group",
        "industry",
        "employment",
        "geschlecht",
        "zweck",
        "country",
        "race",
        "religion",
        "ethnicity",
        "nationality",
        "familienstand",
        "bildung",
        "ownership",
        "area",
        "zone",
        "telephone",
    }
)
# A name with one of these says a quantity, whatever else it names.
MEASURES = frozenset({"yrs", "yr", "years", "year", "months", "month", "days", "length", "duration", "tenure"})
LONG_CODES = frozenset(
    {"zip", "zipcode", "postcode", "plz", "code", "naics", "sic", "nace", "mcc", "branch", "region", "msa", "fips"}
)
PROTECTED = frozenset(
    {
        "sex",
        "gender",
        "geschlecht",
        "religion",
        "race",
        "ethnic",
        "ethnicity",
        "nationality",
        "marriage",
        "marital",
        "married",
        "familienstand",
        "citizenship",
        "disability",
        "disabled",
        "foreign",
        "foreigner",
        "konfession",
        "staatsangehoerigkeit",
        "staatsangehorigkeit",
        "orientation",
        "pregnant",
    }
)
# Levels that say somebody's sex or marital status.
PROTECTED_CELLS = re.compile(
    r"\b(fe)?males?\b|\b(un)?married\b|\bdivorced\b|\bwidow(ed)?\b|\b(weiblich|männlich|verheiratet|geschieden)\b"
)
SENSITIVE = frozenset(
    {
        "age",
        "alter",
        "birth",
        "birthdate",
        "dob",
        "geburtsdatum",
        "children",
        "kinder",
        "dependents",
        "dependants",
        "zip",
        "zipcode",
        "postcode",
        "plz",
    }
)
PERSONS = frozenset(
    {
        "firstname",
        "lastname",
        "surname",
        "fullname",
        "forename",
        "email",
        "mail",
        "phone",
        "telephonenumber",
        "mobile",
        "address",
        "street",
        "ssn",
        "passport",
        "iban",
        "bic",
        "vorname",
        "nachname",
        "strasse",
        "telefon",
        "taxid",
        "name",
        "customername",
        "applicantname",
        "clientname",
        "username",
        "licence",
        "license",
        "ip",
    }
)
# Known only once the loan has gone well or badly.
AFTERWARDS = re.compile(
    r"recover|collectionrecovery|^collections?$|collectionfee|ch(ar)?ged?off|lastfico|principalloss|lastcreditpull|writ(e|ten)off|^lgd|lossgiven|outprncp|"
    r"totalpymnt|totalrec|lastpymnt|settlement|hardship|nextpymnt|netloss"
)
DATES = frozenset(
    {
        "date",
        "day",
        "month",
        "period",
        "quarter",
        "vintage",
        "yyyymm",
        "ym",
        "applied",
        "issued",
        "issue",
        "time",
        "timestamp",
        "datum",
        "monat",
        "quartal",
        "created",
        "opened",
        "originated",
        "origination",
        "d",
    }
)
APPLIED = frozenset(
    {
        "applied",
        "application",
        "app",
        "disbursed",
        "disbursement",
        "issue",
        "issued",
        "origination",
        "originated",
        "vintage",
        "antrag",
        "decision",
        "created",
        "booking",
        "booked",
    }
)
E_MAIL = r"^[^@\s]+@[^@\s]+\.[A-Za-z]{2,}$"
PHONE = r"^\+?[0-9][0-9 ()/-]{7,}[0-9]$"
MONEY = r"^[-+]?\s*([$€£¥]|[A-Z]{3}\s)\s*[\d.,]+$|^[-+]?[\d.,]+\s*([$€£¥]|[A-Z]{3})$"
PERCENT = r"^[-+]?[\d.,]+\s*%$"
DECIMAL_COMMA = r"^[-+]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?$"
THOUSANDS = r"^[-+]?\d{1,3}(,\d{3})+(\.\d+)?$"

# A whole number that is written with a decimal point.
WHOLE = r"^([+-]?\d+)\.0+$"

# Texts that stand for nothing; in a column of texts only those of the first row, for the others may be levels.
SURE_GAPS = frozenset({"?", "na", "n/a", "#n/a", "<na>", "null", "#null!", "nan", "nat", "\\n"})
INFINITE = frozenset({"inf", "+inf", "-inf", "infinity", "-infinity"})
GAPS = INFINITE.union(WORDS_FOR_GAPS)


def bare(value: str) -> str:
    """A value as columns of whole numbers have it: "1.0" is 1."""
    return re.sub(WHOLE, r"\1", value)


def words_of(name: str) -> tuple[str, ...]:
    """The words in a column's name, in small letters without accents: "BILL_AMT1" is bill, amt, 1."""
    unaccented = "".join(each for each in unicodedata.normalize("NFKD", name) if not unicodedata.combining(each))
    return tuple(piece.lower() for piece in _PIECE.findall(unaccented))


def plain(name: str) -> str:
    """A name as one word: small letters and digits only."""
    return "".join(words_of(name))


def has_word(name: str, words: frozenset[str]) -> bool:
    """Whether one of the words in `name`, or all of them together, is among `words`."""
    return plain(name) in words or not words.isdisjoint(words_of(name))


def outcome_said(name: str) -> str:
    """Which end of an outcome a plain name says: "bad", "good", "both" as in good_bad, or "" for neither."""
    rest, found = name, set()
    for end, pattern in (("bad", _SAYS_NOT_GOOD), ("good", _SAYS_NOT_BAD), ("good", SAYS_GOOD), ("bad", SAYS_BAD)):
        rest, n = pattern.subn(" ", rest)
        found |= {end} if n else set()
    return "both" if len(found) > 1 else "".join(found)


def label_of(name: str) -> str:
    """A label for people: "LIMIT_BAL" becomes "Limit bal"; invisible signs are left out."""
    legible = "".join(each if each.isprintable() else " " for each in name)
    spaced = " ".join(_SEAM.sub(" ", re.sub(r"[_.]+", " ", legible)).split())
    if not spaced:
        return name
    small = spaced if any(each.islower() for each in spaced) and " " not in spaced else spaced.lower()
    return small[0].upper() + small[1:]


def is_number(cell: str) -> bool:
    """Whether a cell is a finite number as most files write it."""
    return _NUMBER.fullmatch(cell) is not None
