#!/bin/bash
# @tensorflow/tfjs-node for the engine `tfjs` where its own install script cannot load libtensorflow from Google's storage: the package from
# npm, TensorFlow's C library out of its Python wheel from PyPI, and the binding compiled here. Linux on x86-64; needs Node, npm, pip, g++.
#   docker/tfjs-node.sh FOLDER        then LOLIGO_TFJS=FOLDER loligo doctor
#   docker/tfjs-node.sh FOLDER gpu    @tensorflow/tfjs-node-gpu with the CUDA libraries that it needs; the driver is the machine's
# A FOLDER that is complete is left as it is. Ends with 75 where there is no room for it. PIP names another pip.
set -euo pipefail

folder="${1:?name the folder to install into}"
kind="${2:-cpu}"
tfjs=4.22.0
tensorflow=2.15.1
pip="${PIP:-pip3}"

case "$kind" in
  cpu)
    package=@tensorflow/tfjs-node
    wheels=("tensorflow-cpu==$tensorflow")
    megabytes=1800
    ;;
  gpu)
    package=@tensorflow/tfjs-node-gpu
    # the versions that this TensorFlow was built with
    wheels=("tensorflow==$tensorflow" nvidia-cublas-cu12==12.2.5.6 nvidia-cuda-runtime-cu12==12.2.140 nvidia-cudnn-cu12==8.9.4.25
      nvidia-cufft-cu12==11.0.8.103 nvidia-curand-cu12==10.3.3.141 nvidia-cusolver-cu12==11.5.2.141 nvidia-cusparse-cu12==12.1.2.141
      nvidia-nccl-cu12==2.16.5 nvidia-nvjitlink-cu12==12.2.140)
    megabytes=9000
    ;;
  *)
    echo "tfjs-node.sh: the second argument is cpu or gpu, not $kind" >&2
    exit 2
    ;;
esac

done="$folder/node_modules/$package/deps/tensorflow-$tensorflow"
[ -e "$done" ] && exit 0

mkdir -p "$folder"
free=$(($(df -Pk "$folder" | awk 'END { print $4 }') / 1024))
if [ "$free" -lt "$megabytes" ]; then
  echo "tfjs-node.sh: $package takes $megabytes MB while it is built, and $folder has $free" >&2
  exit 75
fi

scratch="$(mktemp -d "$folder/.building.XXXXXX")"
trap 'rm -rf "$scratch"' EXIT

# without scripts: its own would try the download and undo the installation
npm install --prefix "$scratch" --ignore-scripts --omit=dev --no-audit --no-fund --loglevel=error "$package@$tfjs" node-api-headers@1.9.0 >/dev/null
"$pip" download -q --disable-pip-version-check --no-cache-dir --no-deps --only-binary=:all: --python-version 3.11 --implementation cp --abi cp311 --abi none \
  --platform manylinux2014_x86_64 --platform manylinux1_x86_64 -d "$scratch/wheels" "${wheels[@]}"

# of TensorFlow's wheel the libraries and the headers of its C interface, of NVIDIA's the libraries, in the places that the former looks in
home="$scratch/node_modules/$package"
python3 - "$scratch/wheels" "$home/deps" <<'PYTHON'
import pathlib, re, shutil, sys, zipfile

wheels, deps = map(pathlib.Path, sys.argv[1:])
PLACES = [
    (r"tensorflow/(lib\w+\.so\.2)", r"lib/\1"),
    (r"tensorflow/include/(tensorflow/(?:c/.*|core/platform/ctstring.*)\.h)", r"include/\1"),
    (r"tensorflow/include/(?:tensorflow/)?(tsl/(?:c/.*|platform/ctstring.*)\.h)", r"include/\1"),
    (r"(nvidia/\w+/lib/.*\.so[.\d]*)", r"\1"),
]
for wheel in wheels.glob("*.whl"):
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            place = next((re.sub(pattern, to, name) for pattern, to in PLACES if re.fullmatch(pattern, name)), None)
            if place is None:
                continue
            target = deps / place
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(name) as source, target.open("wb") as out:
                shutil.copyfileobj(source, out)
    wheel.unlink()
PYTHON

lib="$home/deps/lib"
ln -s libtensorflow_cc.so.2 "$lib/libtensorflow.so.2"
for name in libtensorflow libtensorflow_framework; do
  ln -s "$name.so.2" "$lib/$name.so"
  # by this name the package's install script knows that nothing is to be downloaded
  ln -s "$name.so.2" "$lib/$name.so.2.9.1"
done
mkdir -p "$home/lib/napi-v8"
g++ -O2 -std=c++17 -fPIC -shared -DNAPI_VERSION=8 -I"$scratch/node_modules/node-api-headers/include" -I"$home" -I"$home/deps/include" \
  "$home"/binding/tfjs_backend.cc "$home"/binding/tfjs_binding.cc -o "$home/lib/napi-v8/tfjs_binding.node" \
  -L"$lib" "-Wl,-rpath,\$ORIGIN/../../deps/lib" -ltensorflow -ltensorflow_framework
rm -rf "$home/deps/include"
touch "$home/deps/tensorflow-$tensorflow"

# all or nothing: a build that was cut off leaves no half of it
rm -rf "$folder/node_modules"
mv "$scratch/node_modules" "$folder/node_modules"
