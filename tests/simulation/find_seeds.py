"""Look for a world that notices each mutation and write `known_seeds.json`."""

import importlib.util
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from studio_simulation.mutations import KNOWN_SEEDS, Mutations, seed_that_catches

HERE = Path(__file__).parent


def main() -> int:
    """Exit status 1 when a mutation was not noticed."""
    known: dict[str, int] = {}
    escaped: list[str] = []
    with ProcessPoolExecutor() as pool:
        cases = [(path, name) for path in sorted(HERE.glob("test_*_mutations.py")) for name in _mutations(path).ids]
        for (_, name), seed in zip(cases, pool.map(_find, *zip(*cases, strict=True)), strict=True):
            print(f"{name}: {'not noticed' if seed is None else seed}", flush=True)
            if seed is None:
                escaped.append(name)
            else:
                known[name] = seed
    KNOWN_SEEDS.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n")
    return 1 if escaped else 0


def _find(path: Path, name: str) -> int | None:
    """The first seed that catches the mutation: the known one, where it still does."""
    mutation, invariants, search = next(case for case in _mutations(path).cases if case[0].__name__ == name)
    return seed_that_catches(mutation, invariants, search)


def _mutations(path: Path) -> Mutations:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    mutations = module.MUTATIONS
    assert isinstance(mutations, Mutations)
    return mutations


if __name__ == "__main__":
    sys.exit(main())
