package android.content;

public class Intent {
    public Intent putExtra(String name, byte[] value) {
        return this;
    }

    public Intent putExtra(String name, String value) {
        return this;
    }
}
