import hephaestus.Hooks;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

/** Runs tests on the unchanged code. Watched, each has a stage of its own: what runs while a class is loaded is seen, too. */
final class Survey {
    private final Project project;
    private final Consumer<Map<String, Object>> tell;
    private final boolean trace;
    private final Set<String> wanted;
    private final long until;
    private final double each;
    private Stage.Loom loom;
    private Stage shared;

    Survey(Project project, Map<String, Object> request, Consumer<Map<String, Object>> tell) {
        this.project = project;
        this.tell = tell;
        trace = Boolean.TRUE.equals(request.get("trace"));
        wanted = request.get("tests") == null
            ? project.tests.all.keySet()
            : new HashSet<>(Json.strings(request.get("tests")));
        until = System.nanoTime() + (long) (Json.number(request.get("limit_s"), 600) * 1e9);
        each = Json.number(request.get("each_s"), -1);
    }

    Map<String, Object> answer() {
        loom = trace ? new Stage.Loom(true) : project.loom;
        if (trace) {
            project.sources.classes.values().forEach(loom::woven);
        }
        Set<String> programs = new HashSet<>();
        for (Tests.Test test : project.tests.all.values()) {
            boolean due = wanted.contains(test.id()) && (!test.program() || programs.add(test.type()));
            if (!due) {
                continue;
            }
            Hooks.begin(trace ? loom.weaver.places.size() : 0);
            boolean came = test.program() ? program(test.type()) : method(test);
            if (!came) {
                return Json.of("end", Running.given ? "cancelled" : "timeout");
            }
        }
        Hooks.begin(0);
        return Json.of("end", "finished", "loaded", Map.of());
    }

    private Stage stage() {
        return new Stage(project.sources.classes, project.below, loom);
    }

    private Running.Limit limit() {
        double left = (until - System.nanoTime()) / 1e9;
        return each > 0 ? new Running.Limit(each, Math.min(left, 3 * each)) : new Running.Limit(left, left);
    }

    /** Whether the survey goes on. */
    private boolean method(Tests.Test test) {
        if (shared == null || trace) {
            shared = stage();
        }
        Stage stage = shared;
        List<Object> why = new ArrayList<>();
        Running running = Running.of(() -> why.addAll(Tests.method(stage, test)), stage, limit(), false);
        if (running.late || running.thrown() != null) {
            shared = null;
        }
        if (running.late && each <= 0) {
            return false;
        }
        String failure = running.late ? endless() : Trial.failure(running, why);
        say(test.id(), failure, running.wall(), Hooks.places());
        return goesOn();
    }

    private String endless() {
        return "does not end: it took longer than " + each + " s";
    }

    private boolean goesOn() {
        return !Running.given && System.nanoTime() < until;
    }

    private boolean program(String type) {
        Map<String, BitSet> places = new HashMap<>();
        Stage stage = stage();
        long began = System.nanoTime();
        Tests.Output output = project.tests.program(stage, type, limit(), id -> places.put(id, Hooks.places()));
        if (output.late() && each <= 0) {
            return false;
        }
        double wall = (System.nanoTime() - began) / 1e9;
        Set<String> told = new HashSet<>();
        for (Suite.Said said : output.said()) {
            String why = output.late() && said.id().equals(type) ? endless() : said.why();
            // A name that stands there twice was last seen with the later one.
            say(said.id(), said.passed() ? null : why, wall, places.getOrDefault(said.id(), Hooks.places()));
            told.add(said.id());
        }
        for (Tests.Test test : project.tests.all.values()) {
            if (test.type().equals(type) && wanted.contains(test.id()) && !told.contains(test.id())) {
                say(test.id(), output.late() ? endless() : "it was not reported", wall, Hooks.places());
            }
        }
        return goesOn();
    }

    private void say(String id, String failure, double wall, BitSet places) {
        if (!wanted.contains(id)) {
            return;
        }
        tell.accept(Json.of("test", id, "outcome", failure == null ? "passed" : "failed", "message", failure == null ? "" : failure,
            "wall_s", wall, "spawns", Hooks.spawned, "lines", lines(places)));
    }

    /** Lines by file, as ranges. */
    private Map<String, Object> lines(BitSet places) {
        Map<String, BitSet> lines = new TreeMap<>();
        places.stream().mapToObj(loom.weaver.places::get)
            .forEach(place -> lines.computeIfAbsent(place.file(), none -> new BitSet()).or(place.lines()));
        Map<String, Object> all = new LinkedHashMap<>();
        lines.forEach((file, numbers) -> all.put(file, ranges(numbers)));
        return all;
    }

    private static List<List<Integer>> ranges(BitSet numbers) {
        List<List<Integer>> ranges = new ArrayList<>();
        for (int from = numbers.nextSetBit(0); from >= 0;) {
            int end = numbers.nextClearBit(from);
            ranges.add(List.of(from, end - 1));
            from = numbers.nextSetBit(end);
        }
        return ranges;
    }
}
