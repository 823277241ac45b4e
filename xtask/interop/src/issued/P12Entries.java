// Counts the entries of a PKCS#12 file as BouncyCastle or Java itself sees them, and tries the key against its
// certificate. Prints "keys=1 certs=0 match=true chain=3"; ends with 1 and the reason if the file does not open.
//
// java -cp /usr/share/java/bcprov.jar P12Entries.java FILE PASSWORD [SunJSSE]

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.util.Collections;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

public final class P12Entries {
    public static void main(String[] args) throws Exception {
        BouncyCastleProvider bouncyCastle = new BouncyCastleProvider();
        char[] password = args[1].toCharArray();
        KeyStore store = args.length > 2
            ? KeyStore.getInstance("PKCS12", args[2])
            : KeyStore.getInstance("PKCS12", bouncyCastle);
        try (InputStream file = Files.newInputStream(Path.of(args[0]))) {
            store.load(file, password);
        } catch (java.io.IOException refused) {
            System.err.println("refused: " + refused.getMessage());
            System.exit(1);
        }

        int keys = 0;
        int certs = 0;
        int chain = 0;
        boolean match = true;
        for (String alias : Collections.list(store.aliases())) {
            if (store.isKeyEntry(alias)) {
                keys++;
                chain = store.getCertificateChain(alias).length;
                PrivateKey key = (PrivateKey) store.getKey(alias, password);
                match &= signs(key, store.getCertificate(alias), bouncyCastle);
            } else {
                certs++;
            }
        }
        System.out.println("keys=" + keys + " certs=" + certs + " match=" + match + " chain=" + chain);
    }

    private static boolean signs(PrivateKey key, Certificate certificate, BouncyCastleProvider provider) throws Exception {
        String algorithm = key.getAlgorithm().startsWith("EC") ? "SHA256withECDSA" : "SHA256with" + key.getAlgorithm();
        Signature signature = Signature.getInstance(algorithm, provider);
        signature.initSign(key);
        signature.update(certificate.getEncoded());
        byte[] signed = signature.sign();
        signature.initVerify(certificate.getPublicKey());
        signature.update(certificate.getEncoded());
        return signature.verify(signed);
    }
}
