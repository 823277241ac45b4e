package android.security;

public interface KeyChainAliasCallback {
    void alias(String alias);
}
