public class CalcTest {
    private static int bad;

    private static void check(String name, boolean holds) {
        System.out.println((holds ? "PASS " : "FAIL ") + name);
        bad += holds ? 0 : 1;
    }

    public static void main(String[] arguments) {
        check("even", Calc.isEven(4) && Calc.isEven(0) && Calc.isEven(-2));
        check("odd", !Calc.isEven(3) && !Calc.isEven(-1));
        check("empty", Calc.empty(new String[] {"", "a", ""}) == 2 && Calc.empty(new String[0]) == 0);
        System.exit(bad == 0 ? 0 : 1);
    }
}
