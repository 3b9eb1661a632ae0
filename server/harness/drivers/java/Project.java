import java.util.List;
import java.util.Map;

/** The project as it is: its sources, classes and tests. */
final class Project {
    final Sources sources;
    final Stage.Below below;
    /** How classes are woven that nobody watches. */
    final Stage.Loom loom = new Stage.Loom(false);
    final Tests tests;

    Project() throws Exception {
        sources = new Sources();
        below = new Stage.Below();
        tests = new Tests(below, loom);
    }

    Map<String, Object> load() throws Exception {
        Sources.Compiled all = sources.compileAll();
        if (all.failed()) {
            return Json.of("end", "unfit", "reason", "the project does not compile: " + all.why());
        }
        tests.find(sources.classes);
        List<String> ids = List.copyOf(tests.all.keySet());
        return Json.of("end", "loaded", "tests", ids, "notes", List.of());
    }

    Stage stage(Map<String, Sources.Binary> classes) {
        return new Stage(classes, below, loom);
    }
}
