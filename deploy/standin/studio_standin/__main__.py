"""`python -m studio_standin`: serve until stopped."""

import uvicorn

from studio_standin.app import create_app
from studio_standin.settings import Settings


def main() -> None:
    settings = Settings()
    uvicorn.run(create_app(settings), host=settings.host, port=settings.port, log_level="warning")


if __name__ == "__main__":
    main()
