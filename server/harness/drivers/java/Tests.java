import hephaestus.Hooks;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** The project's tests: which there are, and what each says of one state of the code. */
final class Tests {
    /** A test: its class, and whether that is a program of its own. */
    record Test(String id, String type, boolean program) {}

    /** What a program said. */
    record Output(List<Suite.Said> said, boolean late) {}

    static final Running.Limit LISTING = new Running.Limit(10, 30);

    /** By id, in the suite's order. */
    final Map<String, Test> all = new LinkedHashMap<>();
    private final Stage.Below below;
    private final Stage.Loom loom;

    Tests(Stage.Below below, Stage.Loom loom) {
        this.below = below;
        this.loom = loom;
    }

    /** Finds the tests as the suite's own report names them. */
    void find(Map<String, Sources.Binary> classes) {
        Stage stage = new Stage(classes, below, loom);
        classes.keySet().stream()
            .filter(Suite::mayTest)
            .sorted(Comparator.comparing(name -> name.replace('.', '/') + ".class"))
            .forEach(name -> findIn(stage, classes, name));
    }

    private void findIn(Stage stage, Map<String, Sources.Binary> classes, String name) {
        List<Test> found = new ArrayList<>();
        boolean[] program = {false};
        Running listing = Running.of(() -> {
            Class<?> type = Class.forName(name, false, stage);
            if (!Modifier.isAbstract(type.getModifiers())) {
                Suite.tests(type).keySet().forEach(id -> found.add(new Test(id, name, false)));
                program[0] = found.isEmpty() && Suite.hasMain(type);
            }
        }, stage, LISTING, false);
        if (listing.thrown() != null) {
            found.add(new Test(name, name, false));
        } else if (program[0]) {
            program(new Stage(classes, below, loom), name, LISTING, id -> {}).said()
                .forEach(said -> found.add(new Test(said.id(), name, true)));
        }
        found.forEach(test -> all.put(test.id(), test));
    }

    /** Runs a class with a `main`, as in a process of its own; tells of each test as it is reported. */
    Output program(Stage stage, String name, Running.Limit limit, Consumer<String> reported) {
        stage.setDefaultAssertionStatus(true);
        Lines out = new Lines(name, reported);
        Running running = redirected(out, () -> Running.of(() -> {
            try {
                Class.forName(name, true, stage).getMethod("main", String[].class).invoke(null, (Object) new String[0]);
            } catch (InvocationTargetException error) {
                throw error.getCause();
            }
        }, stage, limit, true));
        Integer exit = Hooks.exit;
        Throwable thrown = running.thrown();
        if (thrown != null && exit == null) {
            out.print("Exception in thread \"main\" " + thrown);
        }
        int code = exit != null ? exit : thrown != null || running.late ? 1 : 0;
        return new Output(distinct(Suite.said(name, code, out.lines())), running.late);
    }

    /** The same name once more gets a number, as in the report. */
    private static List<Suite.Said> distinct(List<Suite.Said> all) {
        Map<String, Integer> seen = new HashMap<>();
        List<Suite.Said> distinct = new ArrayList<>();
        for (Suite.Said said : all) {
            int count = seen.merge(said.id(), 1, Integer::sum);
            distinct.add(count == 1 ? said : new Suite.Said(said.id() + " #" + count, said.passed(), said.why()));
        }
        return distinct;
    }

    /** Runs a JUnit test in a thread that is there already: why it failed, as JUnit or the machine puts it. */
    static List<?> method(Stage stage, Test test) throws Exception {
        try {
            Class<?> type = Class.forName(test.type(), false, stage);
            Object description = stage.tests(type).get(test.id());
            return description == null ? List.of("there is no such test any more") : Suite.failures(type, description);
        } catch (LinkageError error) {
            return List.of(error);
        }
    }

    static <T> T redirected(PrintStream to, java.util.function.Supplier<T> work) {
        PrintStream out = System.out;
        PrintStream err = System.err;
        System.setOut(to);
        System.setErr(to);
        try {
            return work.get();
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
    }

    /** What a program prints, line by line. */
    private static final class Lines extends PrintStream {
        private final ByteArrayOutputStream kept;

        Lines(String name, Consumer<String> reported) {
            super(new Cut(name, reported), true, StandardCharsets.UTF_8);
            kept = (ByteArrayOutputStream) out;
        }

        List<String> lines() {
            flush();
            return kept.toString(StandardCharsets.UTF_8).lines().toList();
        }
    }

    private static final class Cut extends ByteArrayOutputStream {
        /** Who prints for ever is not listened to for ever. */
        private static final int MOST = 8 << 20;
        private final String name;
        private final Consumer<String> reported;
        private int from;
        private int at;

        Cut(String name, Consumer<String> reported) {
            this.name = name;
            this.reported = reported;
        }

        @Override
        public synchronized void write(int b) {
            if (count < MOST) {
                super.write(b);
                look();
            }
        }

        @Override
        public synchronized void write(byte[] bytes, int off, int len) {
            if (count < MOST) {
                super.write(bytes, off, len);
                look();
            }
        }

        private void look() {
            for (; at < count; at++) {
                if (buf[at] == '\n') {
                    String line = new String(buf, from, at - from, StandardCharsets.UTF_8);
                    from = at + 1;
                    if (line.startsWith("PASS ") || line.startsWith("FAIL ")) {
                        reported.accept(name + "." + line.substring(5).trim());
                    }
                }
            }
        }
    }
}
