import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** Tests of the driver: starts it on small projects, and compares what it says. `java tests/DriverTest.java`, in its folder. */
public final class DriverTest {
    private static final String COUNTER = """
        package shop;
        public class Counter {
            private static int made;
            public final int number = ++made;
            public static int total(int[] values) {
                int result = 0;
                for (int value : values) {
                    result += value;
                }
                return result;
            }
            public static String name(int number) {
                return "No. " + number;
            }
        }
        """;
    private static final String TEST = """
        package shop;
        public class CounterTest {
            static void check(String name, boolean holds) {
                System.out.println((holds ? "PASS " : "FAIL ") + name);
            }
            public static void main(String[] arguments) {
                check("first", new Counter().number == 1);
                check("second", new Counter().number == 2);
                check("total", Counter.total(new int[] {1, 2}) == 3);
                check("name", Counter.name(7).equals("No. 7"));
            }
        }
        """;
    private static final String ALL = "'shop.CounterTest.first','shop.CounterTest.second','shop.CounterTest.total','shop.CounterTest.name'";
    private static int bad;

    /** A driver in a folder of its own. */
    private static final class Driver implements AutoCloseable {
        private final Process process;
        private final OutputStream in;
        private final BufferedReader out;
        private final Path folder;
        private int last;

        Driver(Map<String, String> files) throws IOException {
            folder = Files.createTempDirectory("java-driver");
            Path driver = folder.resolve(".hephaestus/driver");
            for (Map.Entry<String, String> file : files.entrySet()) {
                Files.createDirectories(folder.resolve(file.getKey()).getParent());
                Files.writeString(folder.resolve(file.getKey()), file.getValue());
            }
            Path here = Path.of("").toAbsolutePath();
            try (var all = Files.walk(here)) {
                for (Path file : all.filter(file -> file.toString().endsWith(".java")).toList()) {
                    Path name = here.relativize(file);
                    if (!name.startsWith("tests")) {
                        Files.createDirectories(driver.resolve(name).getParent());
                        Files.copy(file, driver.resolve(name));
                    }
                }
            }
            Files.copy(here.resolve("../../runners/javac.shim.java"), driver.resolve("Suite.java"));
            process = new ProcessBuilder("java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", driver.resolve("Start.java").toString(), driver.toString())
                .directory(folder.toFile())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
            in = process.getOutputStream();
            out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        }

        /** Everything that is answered to a request, with `'` for `"`. */
        String ask(String verb, String more) throws IOException {
            String line = "{'id': %d, 'do': '%s'%s}\n".formatted(++last, verb, more).replace('\'', '"');
            in.write(line.getBytes(StandardCharsets.UTF_8));
            in.flush();
            List<String> answers = new ArrayList<>();
            do {
                String answer = out.readLine();
                if (answer == null) {
                    throw new IOException("the driver ended");
                }
                answers.add(answer.replace('"', '\''));
            } while (!answers.get(answers.size() - 1).contains("'end':"));
            return String.join("\n", answers);
        }

        String load() throws IOException {
            return ask("load", ", 'root': '/w', 'args': [], 'slots': 1, 'memory_mb': 1024");
        }

        @Override
        public void close() throws IOException {
            in.close();
            try {
                process.waitFor();
            } catch (InterruptedException error) {
                process.destroyForcibly();
            }
            try (var all = Files.walk(folder)) {
                for (Path file : all.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    private static void check(String name, String said, String... parts) {
        for (String part : parts) {
            if (!said.contains(part)) {
                System.out.println("FAIL " + name + ": no " + part + " in\n" + said);
                bad++;
                return;
            }
        }
        System.out.println("PASS " + name);
    }

    private static String quoted(String text) {
        return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\"", "\\u0022");
    }

    /** A run of every test with one piece of the counter replaced. */
    private static String run(Driver driver, String old, String piece) throws IOException {
        String text = quoted(COUNTER.replace(old, piece));
        return driver.ask("run", ", 'files': {'src/shop/Counter.java': '" + text + "'}, 'tests': [" + ALL + "], 'stop': false, 'limit_s': 6, 'cpu_s': 1");
    }

    /** A variant of a search: one piece of the counter replaced. */
    private static String variant(int number, String old, String piece) {
        int at = COUNTER.indexOf(old);
        return "[%d, [[%d, %d, '%s']]]".formatted(number, at, at + old.length(), quoted(piece));
    }

    private static final String HALT =
        "try { Runtime.class.getMethod(\"halt\", int.class).invoke(Runtime.getRuntime(), 3); } catch (Exception error) { } return result;";

    private static void programs() throws IOException {
        try (Driver driver = new Driver(Map.of("src/shop/Counter.java", COUNTER, "test/shop/CounterTest.java", TEST))) {
            check("the tests of a program are found", driver.load(), "'end':'loaded','tests':[" + ALL + "]");
            check("a watched test tells its lines", driver.ask("survey", ", 'trace': true, 'limit_s': 60"),
                "'test':'shop.CounterTest.first','outcome':'passed'", "'src/shop/Counter.java':[[2,2],[4,4]]",
                "'src/shop/Counter.java':[[2,2],[4,4],[6,8],[10,10]]", "'end':'finished'");
            check("what is as it was passes", run(driver, "", ""), "'end':'finished','passed':[" + ALL + "],'skipped':[],'failed':[]");
            check("nothing is left of the last run", run(driver, "", ""), "'failed':[]");
            check("what is wrong fails", run(driver, "result = 0", "result = 1"), "'failed':[{'id':'shop.CounterTest.total'");
            check("what does not compile is told", run(driver, "result = 0", "result = nobody"), "'end':'unloadable'", "nobody");
            check("what others can see is compiled with them", run(driver, "int total(int[]", "long total(long[]"), "'end':'unloadable'");
            check("who does not end is ended", run(driver, "return result;", "while (true) { }"), "'end':'timeout'", "'running':'shop.CounterTest.first'");
            check("who will not end is ended", run(driver, "return result;", "while (true) { try { while (true) { } } catch (Throwable error) { } }"), "'end':'timeout'");
            check("who ends the process ends the test", run(driver, "return result;", "System.exit(0); return 0;"),
                "'passed':['shop.CounterTest.first','shop.CounterTest.second']", "it was not reported");
            check("a process that is lost is told of", run(driver, "return result;", HALT), "'end':'died'");
            check("and the next one goes on", run(driver, "", ""), "'failed':[]");
            check("what is not known is said to be so", driver.ask("dance", ""), "there is no request");
        }
    }

    private static void search() throws IOException {
        try (Driver driver = new Driver(Map.of("src/shop/Counter.java", COUNTER.replace("result = 0", "result = 5"), "test/shop/CounterTest.java", TEST))) {
            driver.load();
            String variants = String.join(", ",
                variant(1, "result = 0", "result = 0"), variant(2, "result = 0", "result = 9"), variant(3, "result = 0", "result = )"),
                variant(4, "result = 0", "result = \"\""), variant(5, "return result;", "while (result > 0) { } return result;"),
                variant(6, "return result;", HALT), variant(7, "result = 0", "result = 0; made = 7"), variant(8, "return result;", "int more;"),
                variant(9, "++made", "made++"), variant(10, "result = 0", "result = values.length - 2"));
            String said = driver.ask("search", ", 'file': 'src/shop/Counter.java', 'variants': [" + variants
                + "], 'red': ['shop.CounterTest.total'], 'green': ['shop.CounterTest.first', 'shop.CounterTest.name'], 'ahead': 4, 'times': 20, 'least_s': 0.004, 'limit_s': 60");
            check("variants end as they should", said, "[1,'passed',1,'']", "[2,'failed',0,'FAIL']", "[3,'unloadable',0,'']", "[4,'unloadable',0,'']",
                "[5,'timeout',0,'timeout']", "[6,'died',0,'gone']", "[7,'passed',1,'']", "[8,'unloadable',0,'']", "[9,'failed',0,'FAIL']", "[10,'passed',1,'']",
                "'end':'finished'");
        }
    }

    private static void junit() throws IOException {
        if (!Files.exists(Path.of("/usr/share/java/junit4.jar"))) {
            System.out.println("JUnit 4 is not there: its tests are left out");
            return;
        }
        String test = """
            import static org.junit.Assert.assertEquals;
            import org.junit.*;
            import org.junit.runner.RunWith;
            import org.junit.runners.Parameterized;
            @RunWith(Parameterized.class)
            public class AllTest {
                @Parameterized.Parameters public static Object[] all() { return new Object[] {1, 2}; }
                private final int number;
                public AllTest(int number) { this.number = number; }
                @Test public void same() { assertEquals("No. " + number, shop.Counter.name(number)); }
                @Test @Ignore public void never() { Assert.fail(); }
                @Test public void leaves() { if (shop.Counter.total(new int[] {number}) == 7) System.exit(1); }
            }
            """;
        try (Driver driver = new Driver(Map.of("src/shop/Counter.java", COUNTER, "AllTest.java", test))) {
            check("JUnit tests are found with their parameters", driver.load(),
                "'tests':['AllTest.leaves[0]','AllTest.leaves[1]','AllTest.same[0]','AllTest.same[1]']");
            String text = quoted(COUNTER.replace("\"No. \" + number", "number == 1 ? \"No. 1\" : \"\""));
            check("a JUnit test tells what it expected", driver.ask("run", ", 'files': {'src/shop/Counter.java': '" + text
                + "'}, 'tests': ['AllTest.same[0]', 'AllTest.same[1]', 'AllTest.leaves[0]'], 'stop': true, 'limit_s': 9, 'cpu_s': 3"),
                "'passed':['AllTest.same[0]']", "'id':'AllTest.same[1]'", "expected:");
            String leaving = quoted(COUNTER.replace("result = 0", "result = 6"));
            check("a JUnit test that ends the process fails", driver.ask("run", ", 'files': {'src/shop/Counter.java': '" + leaving
                + "'}, 'tests': ['AllTest.leaves[0]', 'AllTest.leaves[1]'], 'stop': false, 'limit_s': 9, 'cpu_s': 3"),
                "'passed':['AllTest.leaves[1]']", "it ended the process with 1");
        }
    }

    public static void main(String[] arguments) throws IOException {
        programs();
        search();
        junit();
        System.exit(bad == 0 ? 0 : 1);
    }
}
