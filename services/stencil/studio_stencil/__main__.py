"""Start the stencil service: `python -m studio_stencil`."""

from studio_chassis.runtime.imports import lean_imports

if __name__ == "__main__":
    with lean_imports():
        from studio_chassis.runtime.service import run_service
        from studio_stencil.app import build
        from studio_stencil.settings import StencilSettings
    run_service("stencil", StencilSettings, build)
