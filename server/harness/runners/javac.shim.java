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
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.ToolProvider;

public class Suite {
    private static final Path CLASSES = Path.of(".javac", "classes");
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

    private static List<Path> files(Path root, String ending) throws Exception {
        try (Stream<Path> all = Files.walk(root)) {
            return all.filter(path -> path.toString().endsWith(ending))
                .filter(path -> !path.toString().contains("/."))
                .sorted()
                .collect(Collectors.toList());
        }
    }

    private static String classPath() throws Exception {
        List<String> parts = new ArrayList<>();
        parts.add(CLASSES.toString());
        for (Path jar : files(Path.of(""), ".jar")) {
            parts.add(jar.toString());
        }
        for (String other : BESIDE) {
            if (new File(other).exists()) {
                parts.add(other);
            }
        }
        return String.join(File.pathSeparator, parts);
    }

    private static int compile() throws Exception {
        Files.createDirectories(CLASSES);
        List<String> arguments = new ArrayList<>(
            List.of("-nowarn", "-encoding", "UTF-8", "-proc:none", "-d", CLASSES.toString(), "-cp", classPath()));
        for (Path file : files(Path.of(""), ".java")) {
            if (!file.endsWith("module-info.java")) {
                arguments.add(file.toString());
            }
        }
        return ToolProvider.getSystemJavaCompiler().run(null, null, null, arguments.toArray(new String[0]));
    }

    private void runAll() throws Exception {
        List<URL> urls = new ArrayList<>();
        for (String part : classPath().split(File.pathSeparator)) {
            urls.add(new File(part).toURI().toURL());
        }
        try (URLClassLoader loader = new URLClassLoader(urls.toArray(new URL[0]))) {
            for (Path file : files(CLASSES, ".class")) {
                String name = CLASSES.relativize(file).toString().replace(".class", "").replace('/', '.');
                String last = name.substring(name.lastIndexOf('.') + 1);
                if (!name.contains("$") && last.matches("Test.*|.*Tests?")) {
                    runClass(loader, name);
                }
            }
        }
    }

    private void runClass(ClassLoader loader, String name) throws Exception {
        Class<?> type;
        try {
            type = Class.forName(name, false, loader);
            type.getMethods();
        } catch (LinkageError error) {
            tell(name, false, error.toString());
            return;
        }
        if (Modifier.isAbstract(type.getModifiers())) {
            return;
        }
        boolean any = false;
        for (Method method : sorted(type)) {
            if (isTest(method)) {
                any = true;
                runMethod(loader, type, method.getName());
            }
        }
        if (!any && hasMain(type)) {
            runMain(name);
        }
    }

    private static List<Method> sorted(Class<?> type) {
        return Stream.of(type.getMethods())
            .sorted((left, right) -> left.getName().compareTo(right.getName()))
            .collect(Collectors.toList());
    }

    private static boolean isTest(Method method) {
        boolean test = false;
        for (Annotation annotation : method.getAnnotations()) {
            String name = annotation.annotationType().getName();
            if (name.equals("org.junit.Ignore")) {
                return false;
            }
            test |= name.equals("org.junit.Test");
        }
        return test;
    }

    private static boolean hasMain(Class<?> type) {
        try {
            return Modifier.isStatic(type.getMethod("main", String[].class).getModifiers());
        } catch (NoSuchMethodException error) {
            return false;
        }
    }

    private void runMethod(ClassLoader loader, Class<?> type, String method) throws Exception {
        Class<?> requests = loader.loadClass("org.junit.runner.Request");
        Object request = requests.getMethod("method", Class.class, String.class).invoke(null, type, method);
        Object core = loader.loadClass("org.junit.runner.JUnitCore").getDeclaredConstructor().newInstance();
        Object result = core.getClass().getMethod("run", requests).invoke(core, request);
        boolean passed = (Boolean) result.getClass().getMethod("wasSuccessful").invoke(result);
        Object failures = result.getClass().getMethod("getFailures").invoke(result);
        tell(type.getName() + "." + method, passed, failures.toString());
    }

    private void runMain(String name) throws Exception {
        File said = File.createTempFile("said", ".txt");
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        Process process = new ProcessBuilder(java, "-Xmx512m", "-XX:+UseSerialGC", "-ea", "-cp", classPath(), name)
            .redirectErrorStream(true)
            .redirectOutput(said)
            .start();
        int code = process.waitFor();
        List<String> lines = Files.readAllLines(said.toPath());
        boolean any = false;
        for (String line : lines) {
            if (line.startsWith("PASS ") || line.startsWith("FAIL ")) {
                any = true;
                tell(name + "." + line.substring(5).trim(), line.startsWith("PASS "), "");
            }
        }
        if (!any) {
            int from = Math.max(0, lines.size() - 5);
            tell(name, code == 0, String.join(" | ", lines.subList(from, lines.size())));
        }
    }

    private void tell(String test, boolean passed, String why) {
        count++;
        failed |= !passed;
        report.println((passed ? "ok " : "not ok ") + count + " - " + test);
        if (!passed && !why.isEmpty()) {
            report.println("  ---");
            report.println("  " + why.replace('\n', ' '));
            report.println("  ...");
        }
    }
}
