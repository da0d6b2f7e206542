"""One table of export formats: what is declared is made, and the service itself never imports what works on pixels."""

import subprocess
import sys
from typing import get_args

from studio_contracts.file_formats import SUFFIXES, VECTOR_MEDIA_TYPES, VectorKind
from studio_contracts.object_keys import picture_key
from studio_postprocess.export.formats import EXPORTERS


def test_every_declared_format_has_a_media_type_and_is_made() -> None:
    assert set(EXPORTERS) == set(VECTOR_MEDIA_TYPES) == set(get_args(VectorKind))


def test_a_format_s_name_is_the_suffix_of_its_files() -> None:
    for kind, media_type in VECTOR_MEDIA_TYPES.items():
        assert SUFFIXES[media_type] == kind
        assert picture_key("j", "0-0", kind, media_type) == f"jobs/j/concepts/0-0/{kind}.{kind}"


def test_the_service_s_own_process_holds_no_pixel_library() -> None:
    program = "import sys, studio_postprocess.app; print(sorted({'numpy', 'cv2', 'PIL', 'cc3d'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
