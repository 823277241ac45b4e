package android.security;

import android.app.Activity;
import android.content.Context;
import android.content.Intent;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;

/** https://developer.android.com/reference/android/security/KeyChain */
public final class KeyChain {
    public static final String EXTRA_NAME = "name";
    public static final String EXTRA_PKCS12 = "PKCS12";

    public static Intent createInstallIntent() {
        return new Intent();
    }

    public static void choosePrivateKeyAlias(
            Activity activity,
            KeyChainAliasCallback response,
            String[] keyTypes,
            Principal[] issuers,
            String host,
            int port,
            String alias) {}

    public static PrivateKey getPrivateKey(Context context, String alias)
            throws KeyChainException, InterruptedException {
        return null;
    }

    public static X509Certificate[] getCertificateChain(Context context, String alias)
            throws KeyChainException, InterruptedException {
        return null;
    }
}
