import hephaestus.Hooks;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Shows very many variants of one file to tests. Each has a stage of its own. */
final class Search {
    /** How many variants are compiled together, and how much text of theirs. */
    private static final int MOST = 250;
    private static final int MOST_TEXT = 1 << 20;
    /** A test may always take this much CPU time: the machine's own threads are counted too. */
    private static final double LEAST = 0.1;

    /** What a test said of a variant: nothing when it passed. */
    private record Answer(String mark, boolean late, boolean died) {
        static final Answer GOOD = new Answer(null, false, false);
    }

    private final Project project;
    private final Consumer<Map<String, Object>> tell;
    private final String file;
    private final List<Tests.Test> red = new ArrayList<>();
    private final List<Tests.Test> green = new ArrayList<>();
    private final int ahead;
    private final long until;
    private final List<Variants.Variant> variants = new ArrayList<>();
    private final List<List<Object>> results = new ArrayList<>();
    private double each;
    private int tried;
    private int apart;
    private String over;

    Search(Project project, Map<String, Object> request, Consumer<Map<String, Object>> tell) {
        this.project = project;
        this.tell = tell;
        file = String.valueOf(request.get("file"));
        choose(request.get("red"), red);
        choose(request.get("green"), green);
        ahead = (int) Json.number(request.get("ahead"), 1);
        until = System.nanoTime() + (long) (Json.number(request.get("limit_s"), 3600) * 1e9);
        each = Math.max(LEAST, Json.number(request.get("least_s"), 0));
        int[] characters = characters(project.sources.texts.getOrDefault(file, ""));
        for (Object one : (List<?>) request.get("variants")) {
            List<?> pair = (List<?>) one;
            List<Variants.Edit> edits = new ArrayList<>();
            for (Object edit : (List<?>) pair.get(1)) {
                List<?> parts = (List<?>) edit;
                int start = characters[(int) Json.number(parts.get(0), 0)];
                edits.add(new Variants.Edit(start, characters[(int) Json.number(parts.get(1), 0)], String.valueOf(parts.get(2))));
            }
            variants.add(new Variants.Variant((int) Json.number(pair.get(0), 0), edits));
        }
    }

    private void choose(Object ids, List<Tests.Test> tests) {
        Json.strings(ids).stream().map(project.tests.all::get).filter(test -> test != null).forEach(tests::add);
    }

    /** The place in characters of every place in bytes. */
    private static int[] characters(String text) {
        int[] all = new int[text.getBytes(StandardCharsets.UTF_8).length + 1];
        int at = 0;
        for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
            int point = text.codePointAt(i);
            int length = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
            java.util.Arrays.fill(all, at, Math.min(all.length, at + length), i);
            at += length;
        }
        all[all.length - 1] = text.length();
        return all;
    }

    Map<String, Object> answer(double times) throws Exception {
        if (!project.sources.texts.containsKey(file)) {
            return Json.of("end", "broken", "reason", "there is no file " + file);
        }
        limit(times);
        Variants all = new Variants(project.sources, file);
        int at = 0;
        while (at < variants.size() && !isOver()) {
            int end = at;
            for (int size = 0; end < variants.size() && end - at < MOST && size < MOST_TEXT; end++) {
                size += project.sources.texts.get(file).length() / 8;
            }
            part(all, variants.subList(at, end));
            at = end;
        }
        Hooks.variant = 0;
        flush();
        return Json.of("end", over == null ? "finished" : over, "tried", tried, "how", Json.of("shared", 0, "forked", tried - apart, "reloaded", apart));
    }

    /** Sees how long the slowest of the tests takes on the unchanged code. */
    private void limit(double times) {
        double slowest = 0;
        Map<String, Answer> seen = new HashMap<>();
        Stage stage = project.stage(project.sources.classes);
        for (Tests.Test test : green) {
            long began = System.nanoTime();
            each = Math.max(each, 10);
            ask(project.sources.classes, stage, test, seen);
            slowest = Math.max(slowest, (System.nanoTime() - began) / 1e9);
        }
        each = Math.max(LEAST, slowest * times);
    }

    private boolean isOver() {
        if (over == null && Running.given) {
            over = "cancelled";
        } else if (over == null && System.nanoTime() > until) {
            over = "timeout";
        } else if (over == null && Running.lost) {
            over = "lost";
        }
        return over != null;
    }

    private void part(Variants all, List<Variants.Variant> part) throws Exception {
        Variants.Built built = all.build(part);
        built.broken().forEach(variant -> note(variant, "unloadable", 0, ""));
        for (Variants.Variant variant : built.inside()) {
            if (isOver()) {
                return;
            }
            judge(variant, built.classes());
        }
        for (Variants.Variant variant : built.apart()) {
            if (isOver()) {
                return;
            }
            apart++;
            Sources.Compiled alone = project.sources.changed(Map.of(file, all.whole(variant)));
            if (alone.failed()) {
                note(variant, "unloadable", 0, "");
            } else {
                judge(variant, alone.classes());
            }
        }
    }

    private void note(Variants.Variant variant, String end, int passed, String mark) {
        results.add(List.of(variant.number(), end, passed, mark == null ? "" : mark));
        tried++;
        if (results.size() >= 20) {
            flush();
        }
    }

    private void flush() {
        if (!results.isEmpty()) {
            tell.accept(Json.of("results", List.copyOf(results)));
            results.clear();
        }
    }

    private void judge(Variants.Variant variant, Map<String, Sources.Binary> classes) {
        Stage stage = project.stage(classes);
        Map<String, Answer> seen = new HashMap<>();
        Hooks.variant = variant.number();
        tell.accept(Json.of("running", variant.number()));
        Answer first = null;
        int passed = 0;
        for (int at = 0; at < red.size() && (first == null || at < ahead); at++) {
            Answer answer = ask(classes, stage, red.get(at), seen);
            if (answer.died || Running.given) {
                note(variant, "died", passed, "exit");
                return;
            }
            passed += answer.mark == null ? 1 : 0;
            first = first == null && answer.mark != null ? answer : first;
        }
        if (first != null) {
            note(variant, first.late ? "timeout" : "failed", passed, first.mark);
            return;
        }
        for (Tests.Test test : green) {
            Answer answer = ask(classes, stage, test, seen);
            if (answer.mark != null) {
                note(variant, answer.died ? "died" : "broken", passed, answer.mark);
                return;
            }
        }
        note(variant, "passed", passed, "");
    }

    private Answer ask(Map<String, Sources.Binary> classes, Stage stage, Tests.Test test, Map<String, Answer> seen) {
        Answer known = seen.get(test.id());
        if (known != null) {
            return known;
        }
        int variant = Hooks.variant;
        Hooks.begin(0);
        Hooks.variant = variant;
        if (!test.program()) {
            return method(stage, test);
        }
        Tests.Output output = project.tests.program(project.stage(classes), test.type(), new Running.Limit(each, each * 6 + 1), id -> {});
        for (Suite.Said said : output.said()) {
            // Why it failed, in as few words as tell it from other failures.
            String why = said.why().isEmpty() ? "FAIL" : said.why();
            seen.put(said.id(), said.passed() ? Answer.GOOD : new Answer(why.substring(0, Math.min(60, why.length())), false, false));
        }
        return seen.computeIfAbsent(test.id(), none -> new Answer(output.late() ? "timeout" : "unreported", output.late(), false));
    }

    private Answer method(Stage stage, Tests.Test test) {
        List<Object> why = new ArrayList<>();
        Running running = Running.of(() -> why.addAll(Tests.method(stage, test)), stage, new Running.Limit(each, each * 6 + 1), false);
        if (running.late) {
            return new Answer("timeout", true, false);
        }
        if (Hooks.exit != null) {
            return new Answer("exit", false, true);
        }
        Object first = running.thrown() != null ? running.thrown() : why.isEmpty() ? null : why.get(0);
        return first == null ? Answer.GOOD : new Answer(mark(first), false, false);
    }

    /** Where and how something failed: the same text for the same failure. */
    private String mark(Object failure) {
        Throwable thrown;
        try {
            thrown = failure instanceof Throwable known ? known : (Throwable) failure.getClass().getMethod("getException").invoke(failure);
        } catch (ReflectiveOperationException error) {
            return failure.toString();
        }
        for (StackTraceElement frame : thrown.getStackTrace()) {
            Sources.Binary own = project.sources.classes.get(frame.getClassName());
            if (own != null) {
                boolean tried = file.equals(own.file());
                String place = tried ? frame.getMethodName().replaceAll("\\$variant\\d+", "") : String.valueOf(frame.getLineNumber());
                return thrown.getClass().getSimpleName() + ":" + place;
            }
        }
        return thrown.getClass().getSimpleName();
    }
}
