// Asks a server as the lab's Java sources for Android do, on the JDK.
// Prints the answer; ends with 1 and "refused: ..." if there is none.
//
// java local.example.lab.Ask (platform|okhttp) URL CA P12 PASSWORD

package local.example.lab;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.net.ssl.HttpsURLConnection;
import okhttp3.Request;
import okhttp3.Response;

public final class Ask {
    public static void main(String[] args) throws Exception {
        try (InputStream bundle = Files.newInputStream(Path.of(args[3]));
                InputStream roots = Files.newInputStream(Path.of(args[2]))) {
            MutualTls tls = new MutualTls(
                    MutualTls.keysOf(bundle, args[4].toCharArray()), MutualTls.trusting(roots));
            System.out.println(args[0].equals("okhttp") ? okHttp(tls, args[1]) : platform(tls, args[1]));
        } catch (IOException refused) {
            System.err.println("refused: " + refused.toString().replaceAll("\\s+", " "));
            System.exit(1);
        }
        System.exit(0); // OkHttp's idle threads would hold the program for a minute.
    }

    private static String platform(MutualTls tls, String url) throws Exception {
        HttpsURLConnection connection = tls.open(url);
        try (InputStream body = connection.getInputStream()) {
            return new String(body.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static String okHttp(MutualTls tls, String url) throws Exception {
        try (Response response =
                OkHttpLab.client(tls).newCall(new Request.Builder().url(url).build()).execute()) {
            return response.body().string();
        }
    }
}
