// The EST client of BouncyCastle: `EstClient.java PORT CA LABEL USER PASSWORD NAME`, a line for each thing that it does.

import java.io.FileReader;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.Security;
import java.security.cert.Certificate;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.util.Collection;
import java.util.Set;
import javax.net.ssl.KeyManagerFactory;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.est.ESTAuth;
import org.bouncycastle.est.ESTException;
import org.bouncycastle.est.ESTService;
import org.bouncycastle.est.jcajce.JcaHttpAuthBuilder;
import org.bouncycastle.est.jcajce.JcaJceUtils;
import org.bouncycastle.est.jcajce.JsseESTServiceBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;

public class EstClient {
    interface Step { String run() throws Exception; }

    static String server;
    static X509Certificate root;
    static String label;

    public static void main(String[] args) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        server = "localhost:" + args[0];
        try (PEMParser pem = new PEMParser(new FileReader(args[1]))) {
            root = certificate((X509CertificateHolder) pem.readObject());
        }
        label = args[2];
        String name = args[5];
        ESTAuth good = auth(args[3], args[4]);
        say("cacerts", () -> service(null).getCACerts().getCertificateStore().getMatches(null).size() + " certificates");
        say("csrattrs", () -> service(null).getCSRAttributes().getAttributesResponse().getRequirements().size() + " attributes");
        KeyPair[] keys = { key(), key(), key() };
        say("a wrong password", () -> enrolled(service(null), false, name, keys[0], auth(args[3], "guess")));
        Certificate[] first = new Certificate[1];
        say("enrols by a password", () -> {
            first[0] = issued(service(null), false, name, keys[0], good);
            return "issued";
        });
        say("the token for another key", () -> enrolled(service(null), false, name, keys[1], good));
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setKeyEntry("device", keys[0].getPrivate(), new char[0], new Certificate[] { first[0] });
        KeyManagerFactory managers = KeyManagerFactory.getInstance("PKIX");
        managers.init(store, new char[0]);
        say("renews by its certificate", () -> enrolled(service(managers), true, name, keys[2], null));
        say("renews with another name", () -> enrolled(service(managers), true, "admin", keys[1], null));
    }

    static void say(String what, Step step) {
        try {
            System.out.println(what + ": " + step.run());
        } catch (ESTException refused) {
            System.out.println(what + ": refused " + refused.getStatusCode());
        } catch (Exception error) {
            System.out.println(what + ": failed " + error);
        }
    }

    static ESTService service(KeyManagerFactory managers) throws Exception {
        var trusted = JcaJceUtils.getCertPathTrustManager(Set.of(new TrustAnchor(root, null)), null);
        JsseESTServiceBuilder builder = new JsseESTServiceBuilder(server, trusted);
        builder.withLabel(label);
        if (managers != null) {
            builder.withKeyManagers(managers.getKeyManagers());
        }
        return builder.build();
    }

    static ESTAuth auth(String user, String password) throws Exception {
        return new JcaHttpAuthBuilder(user, password.toCharArray()).setProvider("BC").setNonceGenerator(new SecureRandom()).build();
    }

    static KeyPair key() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC", "BC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        return generator.generateKeyPair();
    }

    static String enrolled(ESTService service, boolean again, String name, KeyPair key, ESTAuth auth) throws Exception {
        issued(service, again, name, key, auth);
        return "issued";
    }

    static X509Certificate issued(ESTService service, boolean again, String name, KeyPair key, ESTAuth auth) throws Exception {
        PKCS10CertificationRequest csr = new JcaPKCS10CertificationRequestBuilder(new X500Name("CN=" + name), key.getPublic())
            .build(new JcaContentSignerBuilder("SHA256withECDSA").build(key.getPrivate()));
        Collection<X509CertificateHolder> found = service.simpleEnroll(again, csr, auth).getStore().getMatches(null);
        X509Certificate issued = certificate(found.iterator().next());
        if (found.size() != 1 || !issued.getPublicKey().equals(key.getPublic())) {
            throw new IllegalStateException("another certificate");
        }
        return issued;
    }

    static X509Certificate certificate(X509CertificateHolder holder) throws Exception {
        return new JcaX509CertificateConverter().setProvider("BC").getCertificate(holder);
    }
}
