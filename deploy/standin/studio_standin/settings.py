"""Settings, read once from the environment under STANDIN_."""

import base64
import os

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


def _new_signing_key() -> SecretStr:
    return SecretStr("whsec_" + base64.b64encode(os.urandom(32)).decode())


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="STANDIN_", env_ignore_empty=True, frozen=True)

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(18090, ge=1024, le=65535)
    base_url: str | None = Field(None, description="Prefix of links and files; by default the request's own base URL.")
    api_token: SecretStr = Field(SecretStr("r8_standin"), min_length=1)
    webhook_signing_key: SecretStr = Field(default_factory=_new_signing_key)
    delay_seconds: float = Field(2.0, ge=0, description="From creation to the end of a prediction.")
    time_scale: float = Field(
        1.0, gt=0, description="Multiplies the provider's own clocks: webhook retries, Cancel-After, the purge hour."
    )
    max_predictions: int = Field(5000, ge=1, description="The oldest beyond it are forgotten with their files.")
    max_file_bytes: int = Field(256 * 2**20, ge=0, description="Rendered pictures kept; others are rendered again.")
