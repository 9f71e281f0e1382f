"""The ways to sign in at a source, as a connector file names them; signing_in.py walks them."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from connectors.sdk.strict import DottedPath, Header, Parameter, Path, SecretRef, Strict, fault

SESSION_SECONDS_MAX = 30 * 86_400
"""Nobody's session is good for longer; a token that is belongs under `bearer`."""

Address = Annotated[str, StringConstraints(pattern=r"^https?://\S+$", max_length=500)]
Word = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,40}$")]
"""What stands in a header before a key: `Token`, `Bearer`."""


class NoAuth(Strict):
    """The source asks for nothing."""

    type: Literal["none"] = "none"


class BasicAuth(Strict):
    """User name and password: HTTP Basic, or the account of a database."""

    type: Literal["basic"]
    username: str
    secret: SecretRef


class ApiKeyAuth(Strict):
    """A key in a header, or in the query where the source knows no better.

    Attributes:
        prefix: A word that stands before the key in its header, as in `Token 3f8a`.
    """

    type: Literal["api_key"]
    header: Header | None = None
    parameter: Parameter | None = None
    prefix: Word | None = None
    secret: SecretRef

    @model_validator(mode="after")
    def name_one_place(self) -> "ApiKeyAuth":
        """Demand one of header and parameter."""
        if (self.header is None) == (self.parameter is None):
            raise fault("give either `header` or `parameter`")
        if self.prefix is not None and self.header is None:
            raise fault("only a key in a header has a word before it", "prefix")
        return self


class BearerAuth(Strict):
    """A fixed token."""

    type: Literal["bearer"]
    secret: SecretRef


class OAuth2(Strict):
    """A token fetched from a token server.

    Attributes:
        token_path: Where tokens are given, from the root of the registered server.
        token_url: The same on another server.
    """

    client_id: str
    secret: SecretRef
    token_path: Path | None = None
    token_url: Address | None = None
    scope: str | None = None

    @model_validator(mode="after")
    def name_one_token_address(self) -> "OAuth2":
        """Demand one of token_path (same origin as the interface) and token_url."""
        if (self.token_path is None) == (self.token_url is None):
            raise fault("give either `token_path` or `token_url`")
        return self


class OAuth2ClientCredentials(OAuth2):
    """A token fetched with our own client id and secret, or with a statement signed by our key.

    Attributes:
        secret: The client secret; for private_key_jwt the private key, as PEM.
        key_id: Name under which the server knows our key, for private_key_jwt.
        audience: Whom the statement is for; the token address if left out.

    Source: RFC 6749, sections 2.3.1 and 4.4; RFC 7523, section 2.2.
    """

    type: Literal["oauth2_client_credentials"]
    send: Literal["basic", "post", "private_key_jwt"] = "basic"
    key_id: str | None = None
    audience: str | None = None


class OAuth2RefreshToken(OAuth2):
    """A token fetched with a longer-lived one that a person once agreed to.

    Attributes:
        refresh: The longer-lived token. It must stay the same: a server that gives another one
            with each token is refused, because nobody could keep it.

    Source: RFC 6749, section 6.
    """

    type: Literal["oauth2_refresh_token"]
    refresh: SecretRef
    send: Literal["basic", "post"] = "post"


class SessionTokenAuth(Strict):
    """A token that a login gives, as older interfaces have it.

    Attributes:
        login_path: Where to log in, from the root of the registered server.
        login_url: The same on another server.
        username: Logs in by HTTP Basic with this name.
        body: What is posted otherwise, as JSON.
        secret_field: Where in `body` the secret goes.
        token: Path to the token in the answer.
        header: Header that takes the token.
        parameter: The same for a source that wants it in the query.
        prefix: A word before the token; `Bearer` where the header is Authorization.
        seconds: How long a token is good.
    """

    type: Literal["session_token"]
    secret: SecretRef
    login_path: Path | None = None
    login_url: Address | None = None
    username: str | None = None
    body: dict[str, Any] = Field(default_factory=dict)
    secret_field: DottedPath | None = None
    token: DottedPath
    header: Header | None = None
    parameter: Parameter | None = None
    prefix: Word | None = None
    seconds: Annotated[float, Field(gt=0, le=SESSION_SECONDS_MAX)] = 3_600.0

    @model_validator(mode="after")
    def say_how(self) -> "SessionTokenAuth":
        """Demand one way to log in, and one place for the token."""
        if (self.login_path is None) == (self.login_url is None):
            raise fault("give either `login_path` or `login_url`")
        if (self.username is None) == (self.secret_field is None):
            raise fault("give either `username` (HTTP Basic) or `secret_field` (in `body`)")
        if self.header is not None and self.parameter is not None:
            raise fault("give either `header` or `parameter`")
        return self


class JwtAuth(Strict):
    """A statement of our own (JSON Web Token), signed anew every few minutes.

    Attributes:
        secret: The shared secret (HS256), or the private key as PEM.
        algorithm: How it is signed.
        claims: What it says beside when it was made and when it ends.
        key_id: Name under which the source knows our key.
        header: Header that takes it.
        prefix: A word before it.
        seconds: How long it is good.

    Source: RFC 7519.
    """

    type: Literal["jwt"]
    secret: SecretRef
    algorithm: Literal["HS256", "RS256", "ES256", "EdDSA"] = "HS256"
    claims: dict[str, str | int | float | bool] = Field(default_factory=dict)
    key_id: str | None = None
    header: Header = "Authorization"
    prefix: Word | None = "Bearer"
    seconds: Annotated[float, Field(ge=30, le=86_400)] = 300.0


class ZgwJwtAuth(Strict):
    """A statement we sign ourselves with a shared secret, as the Dutch case APIs want it.

    Source: VNG Realisatie, ZGW APIs, "Autorisatiecomponent", JWT with HS256.
    """

    type: Literal["zgw_jwt"]
    client_id: str
    secret: SecretRef
    user_id: str = "townclerk"
    user_representation: str = "Townclerk"


class SshAuth(Strict):
    """An account of an SFTP server.

    Attributes:
        secret: The password, or the private key as it lies in a file of OpenSSH.
        host_key: The server's own key, as `ssh-keyscan` prints it without the name in front;
            no other server is spoken to.
    """

    type: Literal["ssh"]
    username: str
    secret: SecretRef
    host_key: Annotated[
        str,
        StringConstraints(
            pattern=r"^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]+=*$"
        ),
    ]


class S3Auth(Strict):
    """A key pair of an object store that speaks S3.

    Attributes:
        key_id: Name of the key.
        secret: The secret key; it never leaves us, requests are signed with it.
        region: Region that requests are signed for.
    """

    type: Literal["s3"]
    key_id: Annotated[str, StringConstraints(pattern=r"^[!-~]+$", max_length=128)]
    secret: SecretRef
    region: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+$", max_length=60)] = "us-east-1"


class ClientCertificate(Strict):
    """Who we are at the level of the connection (mutual TLS); stands beside any way to sign in.

    Attributes:
        certificate: Where our certificate lies, with the chain below it, as PEM.
        secret: Where its private key lies, as PEM, without a passphrase.
        authority: Where the certificate of the source's own authority lies, if it has one.
    """

    certificate: SecretRef
    secret: SecretRef
    authority: SecretRef | None = None


Auth = Annotated[
    NoAuth
    | BasicAuth
    | ApiKeyAuth
    | BearerAuth
    | OAuth2ClientCredentials
    | OAuth2RefreshToken
    | SessionTokenAuth
    | JwtAuth
    | ZgwJwtAuth
    | SshAuth
    | S3Auth,
    Field(discriminator="type"),
]
