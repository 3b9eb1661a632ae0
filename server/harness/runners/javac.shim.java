// Compiles a project without a build tool, and runs its tests: `build` makes `.javac/classes` of every Java file, `test FILE`
// runs JUnit 4 tests and test classes with a `main`, and reports TAP. Lines `PASS name` and `FAIL name` of a `main` are tests of
// their own; without any, its exit code is one. Writes nothing but `.javac` and the report.

import java.io.File;
import java.io.PrintStream;
import java.lang.annotation.Annotation;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.ToolProvider;

public class Suite {
    static final List<String> OPTIONS = List.of("-nowarn", "-encoding", "UTF-8", "-proc:none");
    private static final Path FOLDER = Path.of(".javac");
    private static final Path CLASSES = FOLDER.resolve("classes");
    private static final String[] BESIDE = {
        "src/main/resources", "src/test/resources", "resources",
        "/usr/share/java/junit4.jar", "/usr/share/java/hamcrest-core.jar", "/usr/share/java/hamcrest.jar",
    };

    private final PrintStream report;
    private int count;
    private boolean failed;

    private Suite(PrintStream report) {
        this.report = report;
    }

    public static void main(String[] args) throws Exception {
        if (args[0].equals("build")) {
            System.exit(compile());
        }
        try (PrintStream report = new PrintStream(new File(args[1]), "UTF-8")) {
            Suite suite = new Suite(report);
            suite.runAll();
            report.flush();
            System.exit(suite.count == 0 ? 5 : suite.failed ? 1 : 0);
        }
    }

    /** A test's id, whether it passed, and why not. */
    record Said(String id, boolean passed, String why) {}

    static List<Path> files(Path root, String ending) throws Exception {
        try (Stream<Path> all = Files.walk(root)) {
            return all.filter(path -> path.toString().endsWith(ending))
                .filter(path -> !path.toString().contains("/."))
                .sorted()
                .collect(Collectors.toList());
        }
    }

    /** Every Java file that is compiled. */
    static List<Path> sources() throws Exception {
        return files(Path.of(""), ".java").stream()
            .filter(file -> !file.startsWith(".hephaestus") && !file.startsWith(FOLDER))
            .filter(file -> !file.endsWith("module-info.java"))
            .collect(Collectors.toList());
    }

    /** What is on the class path beside the project's own classes. */
    static List<String> libraries() throws Exception {
        List<String> parts = new ArrayList<>();
        for (Path jar : files(Path.of(""), ".jar")) {
            parts.add(jar.toString());
        }
        for (String other : BESIDE) {
            if (new File(other).exists()) {
                parts.add(other);
            }
        }
        return parts;
    }

    private static String classPath() throws Exception {
        List<String> parts = libraries();
        parts.add(0, CLASSES.toString());
        return String.join(File.pathSeparator, parts);
    }

    private static int compile() throws Exception {
        Files.createDirectories(CLASSES);
        List<String> arguments = new ArrayList<>(OPTIONS);
        arguments.addAll(List.of("-d", CLASSES.toString(), "-cp", classPath()));
        sources().forEach(file -> arguments.add(file.toString()));
        int code = ToolProvider.getSystemJavaCompiler().run(null, null, null, arguments.toArray(new String[0]));
        Files.createDirectories(FOLDER.resolve("suite"));
        String[] own = {"-d", FOLDER.resolve("suite").toString(), FOLDER.resolve("Suite.java").toString()};
        return code != 0 ? code : ToolProvider.getSystemJavaCompiler().run(null, null, null, own);
    }

    private void runAll() throws Exception {
        List<URL> urls = new ArrayList<>();
        for (String part : classPath().split(File.pathSeparator)) {
            urls.add(new File(part).toURI().toURL());
        }
        try (URLClassLoader loader = new URLClassLoader(urls.toArray(new URL[0]), ClassLoader.getPlatformClassLoader())) {
            for (Path file : files(CLASSES, ".class")) {
                String name = CLASSES.relativize(file).toString().replace(".class", "").replace('/', '.');
                if (mayTest(name)) {
                    runClass(loader, name);
                }
            }
        }
    }

    /** Whether a class has the name of one with tests. */
    static boolean mayTest(String name) {
        return !name.contains("$") && name.substring(name.lastIndexOf('.') + 1).matches("Test.*|.*Tests?");
    }

    private void runClass(ClassLoader loader, String name) throws Exception {
        Class<?> type;
        try {
            type = Class.forName(name, false, loader);
            type.getMethods();
        } catch (LinkageError error) {
            tell(new Said(name, false, error.toString()));
            return;
        }
        if (Modifier.isAbstract(type.getModifiers())) {
            return;
        }
        Map<String, Object> tests = tests(type);
        for (Map.Entry<String, Object> test : tests.entrySet()) {
            List<?> failures = failures(type, test.getValue());
            tell(new Said(test.getKey(), failures.isEmpty(), failures.toString()));
        }
        if (tests.isEmpty() && hasMain(type)) {
            runMain(name);
        }
    }

    /** The JUnit tests of a class by their ids, in order: what JUnit calls their descriptions. */
    static Map<String, Object> tests(Class<?> type) throws Exception {
        Map<String, Object> found = new TreeMap<>();
        if (Stream.of(type.getMethods()).anyMatch(Suite::isTest) || isMarked(type)) {
            Object request = request(type);
            Object runner = junit(type, "Request").getMethod("getRunner").invoke(request);
            collect(type, junit(type, "Runner").getMethod("getDescription").invoke(runner), found);
        }
        return found;
    }

    private static void collect(Class<?> type, Object description, Map<String, Object> found) throws Exception {
        Object name = description.getClass().getMethod("getMethodName").invoke(description);
        Annotation[] marks = list(description, "getAnnotations").toArray(new Annotation[0]);
        if (name != null && !isMarkedBy(marks, "org.junit.Ignore")) {
            String id = type.getName() + "." + name.toString().replaceAll("[\\p{Cntrl}#]", "?");
            for (int more = 2; found.putIfAbsent(id, description) != null; more++) {
                id = id.replaceAll(" \\(\\d+\\)$", "") + " (" + more + ")";
            }
        }
        for (Object part : list(description, "getChildren")) {
            collect(type, part, found);
        }
    }

    private static List<?> list(Object object, String method) throws Exception {
        return List.copyOf((java.util.Collection<?>) object.getClass().getMethod(method).invoke(object));
    }

    private static boolean isTest(Method method) {
        Annotation[] marks = method.getAnnotations();
        return isMarkedBy(marks, "org.junit.Test") && !isMarkedBy(marks, "org.junit.Ignore");
    }

    private static boolean isMarked(Class<?> type) {
        for (Class<?> above = type.getSuperclass(); above != null; above = above.getSuperclass()) {
            if (above.getName().equals("junit.framework.TestCase")) {
                return true;
            }
        }
        return isMarkedBy(type.getAnnotations(), "org.junit.runner.RunWith");
    }

    private static boolean isMarkedBy(Annotation[] marks, String name) {
        return Stream.of(marks).anyMatch(mark -> mark.annotationType().getName().equals(name));
    }

    private static Object request(Class<?> type) throws Exception {
        return junit(type, "Request").getMethod("aClass", Class.class).invoke(null, type);
    }

    private static Class<?> junit(Class<?> type, String name) throws Exception {
        return type.getClassLoader().loadClass("org.junit.runner." + name);
    }

    /** Runs one JUnit test: what JUnit calls its failures. */
    static List<?> failures(Class<?> type, Object description) throws Exception {
        Class<?> requests = junit(type, "Request");
        Object request = requests.getMethod("filterWith", junit(type, "Description")).invoke(request(type), description);
        Class<?> core = junit(type, "JUnitCore");
        Object result = core.getMethod("run", requests).invoke(core.getDeclaredConstructor().newInstance(), request);
        return list(result, "getFailures");
    }

    static boolean hasMain(Class<?> type) {
        try {
            return Modifier.isStatic(type.getMethod("main", String[].class).getModifiers());
        } catch (NoSuchMethodException error) {
            return false;
        }
    }

    private void runMain(String name) throws Exception {
        File said = File.createTempFile("said", ".txt");
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        Process process = new ProcessBuilder(java, "-Xmx512m", "-XX:+UseSerialGC", "-ea", "-cp", classPath(), name)
            .redirectErrorStream(true)
            .redirectOutput(said)
            .start();
        int code = process.waitFor();
        said(name, code, new String(Files.readAllBytes(said.toPath()), "UTF-8").lines().toList()).forEach(this::tell);
    }

    /** What the output of a `main` says about its tests. */
    static List<Said> said(String name, int code, List<String> lines) {
        List<Said> all = lines.stream()
            .filter(line -> line.startsWith("PASS ") || line.startsWith("FAIL "))
            .map(line -> new Said(name + "." + line.substring(5).trim(), line.startsWith("PASS "), ""))
            .toList();
        String last = String.join(" | ", lines.subList(Math.max(0, lines.size() - 5), lines.size()));
        return all.isEmpty() ? List.of(new Said(name, code == 0, last)) : all;
    }

    private void tell(Said said) {
        count++;
        failed |= !said.passed;
        report.println((said.passed ? "ok " : "not ok ") + count + " - " + said.id);
        if (!said.passed && !said.why.isEmpty()) {
            report.println("  ---");
            report.println("  " + said.why.replace('\n', ' '));
            report.println("  ...");
        }
    }
}
