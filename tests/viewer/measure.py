"""measure.py FOLDER...: first paint, frame times and memory of viewers (sample_viewer makes them), in a browser without a window.

Of 90 frames in which the view pans and zooms: what lies between them, and what the page's own drawing takes. On a machine that
others use the tenth percentile tells more than the median.
"""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "jobs"))
from browser import Browser  # pylint: disable=wrong-import-position

FRAMES = """(async () => {
  const app = coterieViewer, gaps = [], own = [];
  %s
  app.redraw();
  await new Promise((resolve) => setTimeout(resolve, 1500));
  let before = 0;
  for (let f = 0; f < 90; ++f) {
    app.camera.pan(f %% 2 ? 9 : -7, f %% 3 ? 3 : -5);
    app.camera.zoom(f %% 30 < 15 ? 1.01 : 1 / 1.01);
    app.redraw();
    await new Promise((resolve) => requestAnimationFrame((now) => { if (before > 0) gaps.push(now - before); before = now; resolve(); }));
    own.push(app.lastDraw);
  }
  const at = (values, share) => [...values].sort((a, b) => a - b)[Math.floor(values.length * share)];
  return {frame_10: at(gaps, 0.1), frame_50: at(gaps, 0.5), draw_10: at(own, 0.1), draw_50: at(own, 0.5), in_sight: app.painter.seenCount,
          thumbnails: app.painter.thumbnails.length};
})()"""
VIEWS = {
    "whole map, points alone": "document.getElementById('pictures').checked = false; app.camera.fit();",
    "whole map": "document.getElementById('pictures').checked = true; app.camera.fit();",
    "a tenth of the width": "app.camera.fit(); app.camera.x = app.layout.x[app.study.count >> 1]; app.camera.y = app.layout.y[app.study.count >> 1]; app.camera.zoom(10);",
    "a fiftieth of the width": "app.camera.zoom(5);",
}


def measure(folder):
    with Browser(1280, 860) as page:
        page.open("file://" + os.path.realpath(os.path.join(folder, "index.html")))
        page.wait("document.documentElement.dataset.ready === 'yes'", 120)
        points = page.js("performance.getEntriesByName('first points')[0].startTime")
        paint = page.js("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN") or float("nan")
        print(f"{folder}: first paint {paint:.0f} ms, first points {points:.0f} ms")
        for name, steps in VIEWS.items():
            found = page.js(FRAMES % steps)
            print(f"  {name}: " + json.dumps({key: round(value, 1) for key, value in found.items()}), flush=True)
        heap, decoded = page.js("performance.memory.usedJSHeapSize") / 2 ** 20, page.js("coterieViewer.atlases.pixels") * 4 / 2 ** 20
        print(f"  heap {heap:.0f} MiB, decoded atlases {decoded:.0f} MiB; {resident(page.process.pid)}; faults: {page.faults()}")


def resident(root):
    """The memory of the processes of the browser, in MiB."""
    parents, sizes = {}, {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
                parents[int(pid)] = int(file.read().rsplit(")", 1)[1].split()[1])
            with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as file:
                sizes[int(pid)] = next(int(line.split()[1]) for line in file if line.startswith("Pss:")) // 1024
        except (OSError, StopIteration):
            continue
    group = {root}
    while more := {pid for pid, parent in parents.items() if parent in group} - group:
        group |= more
    return f"all processes together {sum(sizes.get(pid, 0) for pid in group)} MiB"


if __name__ == "__main__":
    for each in sys.argv[1:]:
        measure(each)
