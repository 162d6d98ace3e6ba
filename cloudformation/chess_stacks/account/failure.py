"""What went wrong, in one sentence, and what to do about it. Every error that reaches a person passes here.

Pure: botocore's exceptions go in, a `Failure` comes out. Nothing here prints, and nothing that looks like a credential
gets through.
"""

import re
from typing import Final

from botocore import exceptions as aws

OK, ERROR, CHANGES, REFUSED = 0, 1, 2, 3

_LOG_IN: Final = (
    "log in again (for example `aws sso login`) and run the same command: it continues where it stopped"
)
_PERMIT: Final = "ask for this permission, or use the role that bootstrap made for deployments"
_ADVICE: Final = (
    (("ExpiredToken", "ExpiredTokenException", "RequestExpired"), "the credentials have expired", _LOG_IN),
    (
        ("InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "AuthFailure"),
        "AWS does not know these credentials",
        "check AWS_PROFILE, or the keys of the profile that it names",
    ),
    (
        ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "UnauthorizedAccess"),
        "a permission is missing",
        _PERMIT,
    ),
    (
        ("Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded"),
        "AWS is throttling this account, and retries did not help",
        "wait a minute and run the same command: finished stacks are skipped",
    ),
    (
        ("OptInRequired",),
        "the region or service is not enabled for the account",
        "enable it, then run `doctor`",
    ),
    (
        ("LimitExceededException", "LimitExceeded", "VpcLimitExceeded", "AddressLimitExceeded"),
        "a quota of the account is used up",
        "`chess-stacks doctor` lists the quotas that this profile needs",
    ),
    (
        ("InsufficientCapabilitiesException",),
        "CloudFormation wants a capability that the command did not give",
        "this is a defect of chess-stacks: please report it",
    ),
)
THROTTLED: Final = frozenset(_ADVICE[3][0])
_SECRET: Final = re.compile(
    r"\b(?:A3T[A-Z0-9]|AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}\b|X-Amz-(?:Signature|Credential|Security-Token)=[^&\s]+"
)


class Failure(Exception):  # noqa: N818 - what a user reads, not a Python error
    """One clear sentence, and what to do."""

    exit_code = ERROR

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message, advice)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.message}; {self.advice}" if self.advice else self.message


class Refused(Failure):
    """The command will not do what it was asked to."""

    exit_code = REFUSED


def redact(text: str) -> str:
    """Blank out access key ids and signed query strings."""
    return _SECRET.sub("****", text)


def code_of(error: Exception) -> str:
    """Return AWS's error code, or nothing."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, aws.ClientError) else ""


def of_client_error(error: aws.ClientError, doing: str) -> Failure:
    """Explain what a service answered while the command was `doing` something."""
    code = code_of(error)
    message = redact(str(error.response.get("Error", {}).get("Message", "")).strip())
    for codes, meaning, advice in _ADVICE:
        if code in codes:
            return Failure(f"{doing}: {meaning} ({code}: {message})", advice)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", "?")
    return Failure(
        f"{doing}: {code}: {message}" if message else f"{doing}: the service refused (HTTP {status})"
    )


def of_boto_error(error: aws.BotoCoreError, doing: str) -> Failure:
    """Explain what kept a call from being made at all."""
    for kinds, meaning, advice in (
        (
            (aws.NoCredentialsError, aws.PartialCredentialsError),
            "no AWS credentials were found",
            "log in (for example `aws sso login`) and set AWS_PROFILE, or pass --endpoint-url for an emulator",
        ),
        (
            (aws.ProfileNotFound,),
            "the AWS profile does not exist",
            "`aws configure list-profiles` lists them",
        ),
        (
            (aws.TokenRetrievalError, aws.SSOTokenLoadError, aws.UnauthorizedSSOTokenError),
            "the login has expired",
            _LOG_IN,
        ),
        (
            (aws.EndpointConnectionError, aws.ConnectionError, aws.HTTPClientError),
            "AWS cannot be reached",
            "check the network and --endpoint-url; CloudFormation continues by itself with what has begun",
        ),
    ):
        if isinstance(error, kinds):
            return Failure(f"{doing}: {meaning} ({redact(str(error))})", advice)
    return Failure(f"{doing}: {redact(str(error))}")


def explain(error: Exception, doing: str) -> Failure:
    """Turn any exception into a Failure."""
    if isinstance(error, Failure):
        return error
    if isinstance(error, aws.ClientError):
        return of_client_error(error, doing)
    if isinstance(error, aws.BotoCoreError):
        return of_boto_error(error, doing)
    return Failure(f"{doing}: {type(error).__name__}: {redact(str(error))}")
