#!/usr/bin/env bash
# The first hour on an NVIDIA GPU: do the CUDA paths work, and are their figures true?
#
#     validation/gpu.sh [--out DIR] [--device cuda] [--quick] [--wheels DIR] [--list] [PART]...
#
# Runs the parts that --list shows, or those that are named. A part takes under nine minutes; one that fails does not
# stop the others. DIR (by default gpu-results) holds the Records, the log of each part, and a marker PART.done for each
# part that has ended well: it is passed over the next time. A Record that is whole is not measured again either. The
# last part writes DIR/summary.md, which ends with what failed and with what gpu_predictions.md expected.
#
# --quick tries the script itself: resnet18 at 32×32 and two rounds. With --device cpu it passes over what needs CUDA.
# --wheels DIR installs missing packages from that folder; nothing is ever downloaded. PYTHON names the interpreter.
#
# Exit status: 0 all is well, 1 a part or a self-check failed, 2 the request is wrong, 3 a package is missing.
set -uo pipefail
from=$PWD
cd "$(dirname "$0")/.." || exit 2
trap 'exit 130' INT

python="${PYTHON:-python3}"
out=gpu-results device=cuda wheels="" quick="" list="" chosen=()
limit_s=530

# name, seconds expected on an H200, whether it needs CUDA, what it answers
parts="
environment     20 any   what machine is this, and what does the package see of it?
tests          120 cuda  do the tests that need a GPU pass, those that compile apart?
tests-compile  360 cuda  do those that compile pass?
eager          240 any   resnet50 in fp32, tf32 and bf16 at three batch sizes
graph           90 cuda  the same in bf16 as a CUDA graph
compile        300 any   ... compiled
compile-graph  300 cuda  ... compiled and captured
channels-last  200 any   what is channels_last worth?
train          200 any   a training step in fp32, tf32 and autocast
depths         240 any   resnet18, resnet101 and resnet152 in bf16
stages         150 any   where does the time go, stage by stage, and how far is the floor?
layers          60 any   ... layer by layer
energy         120 cuda  joules per image
memory         150 any   is predicted memory what the allocator is asked for?
repeat         120 any   is a run the same as itself?
agreement       90 any   do torch.utils.benchmark, triton and torchvision's module agree?
honesty        240 any   what does the sampler add, and are planted slow-downs found?
repeatability  420 any   how far apart are fresh processes?
calibration    240 any   how long does each class of work take in bf16, channels_last?
prediction     400 any   does that predict nets that the calibration has not seen?
summary         30 any   everything as Markdown, with what failed and what was predicted
"

fail() {
    echo "error: $1" >&2
    exit "${2:-2}"
}

while (($#)); do
    case $1 in
        --out) out=${2:?--out DIR} && shift ;;
        --device) device=${2:?--device NAME} && shift ;;
        --wheels) wheels=${2:?--wheels DIR} && shift ;;
        --quick) quick=yes ;;
        --list) list=yes ;;
        -*) fail "unknown option $1" ;;
        *) grep -q "^$1 " <<<"$parts" || fail "unknown part $1; --list shows them" && chosen+=("$1") ;;
    esac
    shift
done

[[ $out == /* ]] || out="$from/$out"
[[ ! $wheels || $wheels == /* ]] || wheels="$from/$wheels"
if [[ $device == cuda* ]]; then
    precisions=fp32,tf32,bf16 trained=fp32,tf32,amp-bf16 modes=eager,graph ahead=tf32,bf16
else
    precisions=fp32,bf16 trained=fp32,amp-bf16 modes=eager ahead=fp32
fi
if [[ $quick ]]; then
    net=resnet18 nets=(resnet18) small=1 batches=1,2 large=2,4 plan=(--input 1,3,32,32 --quick --max-time 0.2)
    trials=2 processes=2 repeats=2 predict=(--quick --nets 2)
else
    net=resnet50 nets=(resnet18 resnet101 resnet152) small=1,32 batches=1,32,256 large=32,256 plan=(--max-time 5)
    trials=20 processes=8 repeats=7 predict=(--nets 20)
fi

run() { # COMMAND...: until the part's time is over; then as Ctrl-C would end it
    timeout --foreground --signal=INT --kill-after=20 "$((deadline > SECONDS ? deadline - SECONDS : 1))" "$@"
}

inspect() { run "$python" -m resnet_inspect "$@"; }

validate() { run "$python" "validation/$1.py" --device "$device" "${@:2}"; }

bench() { # NAME OPTION...: measure DIR/NAME.json, unless it is there
    local record="$out/$1.json" partial="$out/$1.partial.json" status
    [[ -e $record ]] && return
    inspect bench "${@:2}" --device "$device" "${plan[@]}" -o "$partial"
    status=$?
    ((status == 0 || status == 4)) || return "$status" # 4: a case failed, which is a result; the summary names it
    mv "$partial" "$record"
}

verify() { # PYTEST OPTION...
    run "$python" -m pytest -n0 -rfEs -m cuda --junitxml="$out/$part.xml" "${@}" \
        $(grep -rl --include='*.py' 'mark.cuda' tests)
}

part_environment() {
    if command -v nvidia-smi; then nvidia-smi; fi
    "$python" --version
    "$python" -c 'import torch, torchvision
print("torch", torch.__version__, "torchvision", torchvision.__version__, "CUDA", torch.version.cuda, "cuDNN", torch.backends.cudnn.version())'
    run "$python" -m resnet_inspect.runtime.environment "$device"
}
part_tests() { verify -k "not compile"; }
part_tests-compile() { verify -k compile; }
part_eager() { bench eager "$net" --precision "$precisions" --batch-size "$batches"; }
part_graph() { bench graph "$net" --precision bf16 --mode graph --batch-size "$batches"; }
part_compile() { bench compile "$net" --precision bf16 --mode compile --batch-size "$batches"; }
part_compile-graph() { bench compile-graph "$net" --precision bf16 --mode compile+graph --batch-size "$batches"; }
part_channels-last() {
    bench channels-last "$net" --precision "$ahead" --layout contiguous,channels_last --batch-size "$large"
}
part_train() { bench train "$net" --task train --precision "$trained" --batch-size "$large"; }
part_depths() { bench depths "${nets[@]}" --precision bf16 --batch-size "$batches"; }
part_stages() { bench stages "$net" --precision bf16 --mode "$modes" --batch-size "$large" --per stage --ceilings; }
part_layers() { bench layers "$net" --precision bf16 --batch-size "${large%%,*}" --per layer --ceilings; }
part_energy() { bench energy "$net" --precision bf16 --mode eager,graph --batch-size "${large##*,}" --energy; }
part_memory() { bench memory "${nets[@]}" --precision fp32 --task infer,train --batch-size "${large%%,*}"; }
part_repeat() {
    local name
    for name in repeat-1 repeat-2; do
        bench "$name" "$net" --precision bf16 --batch-size "$small" || return
    done
    [[ $quick ]] || inspect verdict "$out/repeat-1.json" "$out/repeat-2.json" # which refuses quick runs
}
part_agreement() {
    local batch
    for batch in ${small//,/ }; do
        validate agreement --model "$net" --batch-size "$batch" --repeats "$repeats" || return
    done
}
part_honesty() { validate honesty --only overhead,same,planted,stages,memory --trials "$trials"; }
part_repeatability() { validate honesty --only repeatability --processes "$processes"; }
predict() { # OPTION...: DIR/prediction keeps what is measured
    validate prediction --precision bf16 --layout channels_last --batch-size 1,32 --out "$out/prediction" "$@"
}
part_calibration() { predict "${predict[@]}" --nets 0; }
part_prediction() { predict "${predict[@]}"; }
part_summary() {
    local name record
    {
        for record in "$out"/*.json; do
            [[ $record == *.partial.json ]] && continue
            printf '# %s\n\n' "$(basename "$record" .json)"
            inspect show "$record" --format md
            echo
        done
        for name in stages layers; do
            [[ -e $out/$name.json ]] || continue
            printf '# The floor, %s\n\n' "$name"
            inspect roofline --record "$out/$name.json" --case 1 --depth "${name%s}" --format md
            echo
        done
        for name in environment tests tests-compile repeat agreement honesty repeatability calibration prediction; do
            [[ -e $out/$name.log ]] || continue
            printf '# The log of %s\n\n```text\n%s\n```\n\n' "$name" "$(tail -n 60 "$out/$name.log")"
        done
        run "$python" validation/gpu_predictions.py "$out"
    } >"$out/summary.md"
}

missing() { # MODULE=PACKAGE...: the packages whose module this Python does not find
    "$python" - "$@" <<'PYTHON'
import importlib.util, sys
pairs = [argument.split("=") for argument in sys.argv[1:]]
print(*[package for module, package in pairs if importlib.util.find_spec(module) is None])
PYTHON
}

if [[ $list ]]; then
    while read -r part seconds kind question; do
        [[ $part ]] && printf '%-14s %-4s %4s s  %s\n' "$part" "$([[ -e $out/$part.done ]] && echo done)" "$seconds" "$question"
    done <<<"$parts"
    exit
fi

needs=(torch=torch torchvision=torchvision click=click rich=rich pynvml=nvidia-ml-py pytest=pytest xdist=pytest-xdist filelock=filelock)
absent=$(missing "${needs[@]}") || fail "$python does not run" 3
if [[ $absent && $wheels ]]; then
    # shellcheck disable=SC2086  # several names
    "$python" -m pip install --quiet --no-index --find-links "$wheels" $absent || fail "cannot install $absent" 3
elif [[ $absent ]]; then
    fail "missing: $absent (give --wheels DIR, or install them)" 3
fi

mkdir -p "$out" || exit 2
failed=()
while read -r part seconds kind question; do
    [[ $part ]] || continue
    if ((${#chosen[@]})) && [[ " ${chosen[*]} " != *" $part "* ]]; then continue; fi
    if [[ -e $out/$part.done ]]; then
        echo "$part: done before"
    elif [[ $kind == cuda && $device != cuda* ]]; then
        echo "$part: needs CUDA, passed over"
    else
        echo "$part: $question (some $seconds s)"
        began=$SECONDS deadline=$((SECONDS + limit_s))
        "part_$part" >"$out/$part.log" 2>&1 </dev/null
        status=$?
        echo "$part: exit status $status after $((SECONDS - began)) s, $((SECONDS / 60)) min in all"
        if ((status)); then
            failed+=("$part")
            tail -n 15 "$out/$part.log"
        elif [[ $part != summary ]]; then
            touch "$out/$part.done"
        fi
    fi
done <<<"$parts"
((${#failed[@]} == 0)) || fail "failed: ${failed[*]} (logs in $out)" 1
