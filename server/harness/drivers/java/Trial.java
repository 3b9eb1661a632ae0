import hephaestus.Hooks;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/** Runs chosen tests on a variant, on one stage as in one process; programs on one of their own each. */
final class Trial {
    private final Project project;
    private final Consumer<Map<String, Object>> tell;
    private final List<String> wanted;
    private final Map<String, String> files;
    private final boolean stop;
    private final long until;
    private double cpu;
    private final List<String> passed = new ArrayList<>();
    private final List<Map<String, Object>> failed = new ArrayList<>();
    private final Set<String> programs = new HashSet<>();

    @SuppressWarnings("unchecked")
    Trial(Project project, Map<String, Object> request, Consumer<Map<String, Object>> tell) {
        this.project = project;
        this.tell = tell;
        wanted = Json.strings(request.get("tests"));
        files = request.get("files") == null ? Map.of() : (Map<String, String>) request.get("files");
        stop = Boolean.TRUE.equals(request.get("stop"));
        until = System.nanoTime() + (long) (Json.number(request.get("limit_s"), 600) * 1e9);
        cpu = Json.number(request.get("cpu_s"), 600);
    }

    Map<String, Object> answer() throws Exception {
        Sources.Compiled compiled = project.sources.changed(files);
        if (compiled.failed()) {
            return end("unloadable", "reason", compiled.why(), "how", "compiled");
        }
        Stage stage = project.stage(compiled.classes());
        for (String id : wanted) {
            Tests.Test test = project.tests.all.get(id);
            if (test == null) {
                fail(id, "there is no such test");
            } else if (!test.program() || programs.add(test.type())) {
                tell.accept(Json.of("running", id));
                Hooks.begin(0);
                double before = Running.cpu();
                boolean came = test.program() ? program(compiled.classes(), test.type()) : method(stage, test);
                cpu -= Running.cpu() - before;
                if (!came) {
                    return end(Running.given ? "cancelled" : "timeout", "running", id, "reason", "it took too long");
                }
            }
            if (stop && !failed.isEmpty()) {
                break;
            }
        }
        return end("finished");
    }

    private Map<String, Object> end(String end, Object... more) {
        Map<String, Object> answer = Json.of("end", end, "passed", passed, "skipped", List.of(), "failed", failed, "running", null, "how", "loaded");
        answer.putAll(Json.of(more));
        return answer;
    }

    private void fail(String id, String why) {
        failed.add(Json.of("id", id, "message", why));
    }

    private void note(String id, String failure) {
        if (failure == null) {
            passed.add(id);
        } else {
            fail(id, failure);
        }
    }

    private Running.Limit limit() {
        return new Running.Limit(cpu, (until - System.nanoTime()) / 1e9);
    }

    private boolean method(Stage stage, Tests.Test test) {
        List<Object> why = new ArrayList<>();
        Running running = Running.of(() -> why.addAll(Tests.method(stage, test)), stage, limit(), false);
        if (running.late) {
            return false;
        }
        note(test.id(), failure(running, why));
        return true;
    }

    /** Why a test failed; null when it did not. */
    static String failure(Running running, List<?> why) {
        if (Hooks.exit != null) {
            return "it ended the process with " + Hooks.exit;
        }
        return running.thrown() != null ? running.thrown().toString() : why.isEmpty() ? null : why.toString();
    }

    private boolean program(Map<String, Sources.Binary> classes, String type) {
        Tests.Output output = project.tests.program(project.stage(classes), type, limit(), id -> {});
        if (output.late()) {
            return false;
        }
        Map<String, Suite.Said> said = new HashMap<>();
        output.said().forEach(one -> said.put(one.id(), one));
        for (String id : wanted) {
            Tests.Test test = project.tests.all.get(id);
            if (test == null || !test.program() || !test.type().equals(type)) {
                continue;
            }
            Suite.Said one = said.get(id);
            note(id, one == null ? "it was not reported" : one.passed() ? null : one.why());
        }
        return true;
    }
}
