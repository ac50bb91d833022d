"""The process's settings: `PATCHBAY_*` variables or `.env`, typed and checked once at start."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import structlog
from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bridge.speech.language import is_english, knows_english_only
from signaling.accounts import Account, parse_accounts
from signaling.addresses import is_database_url, is_host, is_loopback, split_http_url
from signaling.ice import IceServer, ice_entries, parse_ice_servers
from signaling.settings_errors import SettingsError, problems_in

__all__ = ["Settings", "SettingsError", "load_settings"]

log = structlog.get_logger()

ENV_PREFIX = "PATCHBAY_"
_OF_THE_TERMINAL = {"PATCHBAY_OPERATOR_PASSWORD"}
"""Variables that only `patchbay operator` reads."""

Seconds = Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)]

_SECONDS = "a number of seconds above 0 and up to 3600"
_FILE_OR_NAME = "a name or a path"
_URL_ALLOWED = "an http:// or https:// address, such as http://127.0.0.1:8080/v1"


def _setting(default: Any, meaning: str, allowed: str) -> Any:
    """A field with what README and .env.example say of it, and what an error says is allowed."""
    return Field(default, description=meaning, json_schema_extra={"allowed": allowed})


class Settings(BaseSettings):
    """Every setting, already valid. Secrets are `SecretStr`: they print as stars."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_file_encoding="utf-8",
        # `PATCHBAY_X=` in a compose file or .env means "not set".
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
    )

    host: str = _setting("127.0.0.1", "address to listen on", "an IP address or a host name")
    port: Annotated[int, Field(ge=0, le=65535)] = _setting(
        8996, "port to listen on; 0 takes a free one", "a whole number from 0 to 65535"
    )
    public_url: str | None = _setting(
        None,
        "the origin that providers and browsers use; closes the open loopback surface",
        "an origin such as https://calls.example.com, without a path",
    )
    data_dir: Path = _setting(Path("./data"), "SQLite database, generated secrets, recordings", "a folder")
    database_url: SecretStr | None = _setting(
        None, "SQLite in the data folder unless given", "sqlite+aiosqlite://… or postgresql+asyncpg://…"
    )
    operators: Annotated[tuple[Account, ...], NoDecode] = _setting(
        (),
        "who may sign in, `name:password,name:password`; else one `demo` account with a generated password",
        "name:password,name:password, each name once, no comma inside",
    )
    agent_token: SecretStr | None = _setting(
        None, "bearer token for the bot and agent surface", "a token without blanks"
    )
    flow: Path | None = _setting(
        None,
        "botchain template; else the demo flow that ships with the project",
        "the path of a readable file",
    )
    stt: Literal["whisper", "deepgram", "none"] = _setting(
        "whisper", "speech recognition", "whisper, deepgram or none"
    )
    language: str = _setting(
        "en", "the language that is spoken, or `auto` to detect it", "a code such as en, de or pt-BR, or auto"
    )
    tts: Literal["piper", "none"] = _setting("piper", "speech synthesis", "piper or none")
    whisper_model: str | None = _setting(None, "Whisper model; else the packaged one", _FILE_OR_NAME)
    deepgram_key: SecretStr | None = _setting(
        None, "Deepgram's API key", "an API key without blanks, from Deepgram's console"
    )
    deepgram_model: str = _setting("nova-3", "Deepgram's model", "a model's name, such as nova-3")
    deepgram_url: str = _setting(
        "https://api.deepgram.com", "where Deepgram is", "an origin such as https://api.eu.deepgram.com"
    )
    piper_voice: str | None = _setting(None, "Piper voice; else the packaged one", _FILE_OR_NAME)
    llm_url: str | None = _setting(None, "an OpenAI-compatible endpoint", _URL_ALLOWED)
    llm_key: SecretStr | None = _setting(None, "its key, if it wants one", "the endpoint's key")
    llm_model: str | None = _setting(None, "the model to ask it for", "a model's name")
    llm_patience: Seconds = _setting(12.0, "seconds that an answer of the model may take", _SECONDS)
    ring_timeout: Seconds = _setting(45.0, "seconds an offered call waits for an operator", _SECONDS)
    agent_turn_timeout: Seconds = _setting(60.0, "seconds a software agent has to answer a turn", _SECONDS)
    session_ttl: Seconds = _setting(
        60.0, "seconds without a poll after which a phone-app session ends", _SECONDS
    )
    max_calls: Annotated[int, Field(ge=1, le=10_000)] = _setting(
        100, "calls at once; more get the provider's busy answer", "a whole number from 1 to 10000"
    )
    backlog_mb: Annotated[int, Field(ge=1, le=1_000_000)] = _setting(
        512,
        "megabytes of speech that may wait in the database for its text; beyond, the oldest is given up",
        "a whole number from 1 to 1000000",
    )
    shutdown_grace: Seconds = _setting(
        15.0, "seconds that calls with a person may go on after SIGTERM", _SECONDS
    )
    mask_cards: bool = _setting(
        True, "mask what looks like a card number before it is stored or sent", "true or false"
    )
    retention_days: Annotated[int, Field(ge=1, le=36_500)] | None = _setting(
        None,
        "days after its last message that a conversation is deleted; none unless given",
        "a whole number from 1 to 36500",
    )
    operator_codec: Literal["auto", "opus", "pcmu", "pcma"] = _setting(
        "auto",
        "codec that operators' browsers are asked to send; `auto`: the line's own while nothing is lost",
        "auto, opus, pcmu or pcma",
    )
    ice_servers: Annotated[tuple[IceServer, ...], NoDecode] = _setting(
        (),
        "JSON list of RTCIceServer objects, or one coturn URL with `PATCHBAY_TURN_SECRET`",
        "a JSON list of RTCIceServer objects or a URL such as turn:turn.example.com:3478",
    )
    turn_secret: SecretStr | None = _setting(
        None, "coturn's static-auth-secret", "coturn's static-auth-secret"
    )
    twilio_auth_token: SecretStr | None = _setting(
        None, "checks Twilio's signatures", "the auth token of your Twilio account"
    )
    phone_serial: str | None = _setting(None, "the phone to use, of several", "a serial as adb devices shows")
    alive5_url: str | None = _setting(None, "push threads to this alive5", "such as https://api.alive5.com")
    alive5_key: SecretStr | None = _setting(None, "its API key", "the organisation's API key")
    alive5_org: str | None = _setting(None, "its organisation", "the organisation's name")
    alive5_channel: str | None = _setting(None, "channel for calls that bring none", "a channel's id")

    @property
    def database(self) -> str:
        """SQLAlchemy URL of the database."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite+aiosqlite:///{self.data_dir.absolute() / 'patchbay.db'}"

    @property
    def on_loopback(self) -> bool:
        """True where only this machine can reach the server."""
        return is_loopback(self.host)

    @property
    def open_surface(self) -> bool:
        """True where bots, agents and unsigned streams need no token."""
        return self.on_loopback and self.public_url is None and self.agent_token is None

    def check_exposure(self) -> None:
        """Refuse, with SettingsError, to offer the bot and agent surface to a network without a token."""
        if not self.on_loopback and self.agent_token is None:
            raise SettingsError(
                [
                    f'PATCHBAY_HOST is "{self.host}", which other machines may reach, and there is no '
                    "PATCHBAY_AGENT_TOKEN: anybody could dial, listen and speak through this server. "
                    "Set a token, or listen on 127.0.0.1."
                ]
            )

    def prepare_data_dir(self) -> Path:
        """Make the data folder, mode 0700, if it is not there; returns it. Raises SettingsError."""
        try:
            self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            usable = os.access(self.data_dir, os.R_OK | os.W_OK | os.X_OK)
            reason = "it cannot be written to"
        except OSError as error:
            usable, reason = False, str(error.strerror)
        if not usable:
            raise SettingsError(
                [f'PATCHBAY_DATA_DIR is "{self.data_dir}" ({reason}): it must be a folder to write to.']
            )
        return self.data_dir

    def ice_servers_for(self, identity: str, now: float) -> list[dict[str, object]]:
        """RTCConfiguration.iceServers for one operator; TURN credentials last 12 h from `now` (Unix s)."""
        secret = self.turn_secret.get_secret_value() if self.turn_secret else None
        return ice_entries(self.ice_servers, secret, identity, now)

    @field_validator("host")
    @classmethod
    def _host_is_plausible(cls, host: str) -> str:
        if not is_host(host):
            raise ValueError
        return host

    @field_validator("public_url", "deepgram_url")
    @classmethod
    def _is_an_origin(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = split_http_url(url)
        if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username:
            raise ValueError
        return url.rstrip("/")

    @field_validator("llm_url", "alive5_url")
    @classmethod
    def _is_http(cls, url: str | None) -> str | None:
        if url is not None:
            split_http_url(url)
        return url

    @field_validator("database_url")
    @classmethod
    def _database_is_known(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not is_database_url(url.get_secret_value()):
            raise ValueError
        return url

    @field_validator("operators", mode="before")
    @classmethod
    def _read_operators(cls, value: object) -> object:
        return parse_accounts(value) if isinstance(value, str) else value

    @field_validator("ice_servers", mode="before")
    @classmethod
    def _read_ice_servers(cls, value: object) -> object:
        return parse_ice_servers(value) if isinstance(value, str) else value

    @field_validator("agent_token", "deepgram_key")
    @classmethod
    def _token_has_no_blanks(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and not re.fullmatch(r"[!-~]+", token.get_secret_value()):
            raise ValueError
        return token

    @field_validator("flow")
    @classmethod
    def _flow_is_a_file(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_file():
            raise ValueError("there is no such file")
        return path

    @field_validator("language")
    @classmethod
    def _language_is_a_code(cls, code: str) -> str:
        if not re.fullmatch(r"auto|[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", code):
            raise ValueError
        return code

    @model_validator(mode="after")
    def _what_belongs_together(self) -> Self:
        if self.turn_secret is None and any(s.is_turn and s.credential is None for s in self.ice_servers):
            raise ValueError(
                "PATCHBAY_ICE_SERVERS names a TURN server without a credential: set PATCHBAY_TURN_SECRET"
            )
        if self.stt == "deepgram" and self.deepgram_key is None:
            raise ValueError("PATCHBAY_STT is deepgram, which needs a key: set PATCHBAY_DEEPGRAM_KEY")
        if self.stt == "whisper" and not is_english(self.language) and knows_english_only(self.whisper_model):
            raise ValueError(
                f"PATCHBAY_LANGUAGE is {self.language}, and the Whisper model "
                f"{self.whisper_model or 'that is packaged'} knows English only: set PATCHBAY_WHISPER_MODEL "
                "to a multilingual one, such as base or small"
            )
        if (self.alive5_url is None) != (self.alive5_key is None):
            raise ValueError("PATCHBAY_ALIVE5_URL and PATCHBAY_ALIVE5_KEY are needed together")
        return self


def load_settings(env_file: str | Path | None = ".env") -> Settings:
    """Read the environment and `env_file`, the environment winning. Raises SettingsError.

    A missing `env_file` is no error. A `PATCHBAY_*` name that is no setting is logged, not refused.
    """
    try:
        # pydantic-settings takes this argument without declaring it.
        settings = Settings(_env_file=env_file)  # type: ignore[call-arg]
        in_file = dotenv_values(env_file) if env_file is not None else {}
    except ValidationError as error:
        raise SettingsError(problems_in(error, Settings.model_fields, ENV_PREFIX)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"{env_file} cannot be read: {error}."]) from error
    known = {f"{ENV_PREFIX}{name.upper()}" for name in Settings.model_fields} | _OF_THE_TERMINAL
    for name in sorted({*os.environ, *in_file}):
        if name.startswith(ENV_PREFIX) and name not in known:
            log.warning("unknown_setting", variable=name)
    return settings
