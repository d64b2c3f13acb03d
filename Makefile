# A thin front: the build itself is CMake's (see CMakeLists.txt). Only set-up is ./demo's
# and ./check's; a machine that lacks a package is told by `sh tools/setup.sh check`.
PREFIX ?= /usr/local
DESTDIR ?=
SECONDS ?= 60

.PHONY: build bench fuzz soak check demo install clean

build: ## the release binary, at build/sanad
	sh tools/build.sh

bench: build ## every benchmark, one after the other
	sh tools/bench.sh

fuzz: ## libFuzzer with ASan and UBSan, SECONDS of each fuzzer
	sh tools/fuzz.sh $(SECONDS)

soak: build ## 200 kills of a scan, 20 CPU minutes of each fuzzer
	sh tools/soak.sh

check:
	./check

demo:
	./demo

install: build
	cmake --install build/release --prefix $(PREFIX)

clean:
	rm -rf build
