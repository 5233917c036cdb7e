// Opens what our encoder sealed, with Bouncy Castle: for the encoder's test against other programs.
//
//     java -cp … OpenWithBouncyCastle.java FOLDER < LIST
//
// A line of LIST: NAME WHO. FOLDER has NAME.der (a CMS structure), WHO.p8 (the recipient's key) and gets NAME.opened: the content,
// decrypted, or with every signature verified.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Security;
import java.security.spec.PKCS8EncodedKeySpec;
import org.bouncycastle.asn1.cms.CMSObjectIdentifiers;
import org.bouncycastle.asn1.cms.ContentInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cms.*;
import org.bouncycastle.cms.jcajce.*;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

public class OpenWithBouncyCastle {
    static Path folder;

    static PrivateKey key(String name) throws Exception {
        var spec = new PKCS8EncodedKeySpec(Files.readAllBytes(folder.resolve(name + ".p8")));
        return KeyFactory.getInstance(name.equals("rsa") ? "RSA" : "EC", "BC").generatePrivate(spec);
    }

    static byte[] verified(byte[] der) throws Exception {
        var signed = new CMSSignedData(der);
        for (SignerInformation signer : signed.getSignerInfos()) {
            var found = signed.getCertificates().getMatches(signer.getSID());
            var certificate = (X509CertificateHolder) found.iterator().next();
            var verifier = new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC").build(certificate);
            if (!signer.verify(verifier)) {
                throw new Exception("a signature is wrong");
            }
        }
        if (signed.getSignerInfos().size() == 0) {
            throw new Exception("nobody signed");
        }
        return (byte[]) signed.getSignedContent().getContent();
    }

    static byte[] decrypted(byte[] der, String who, boolean isAuthenticated) throws Exception {
        // Bouncy Castle of Debian 12 has no recipient for AuthEnvelopedData by key agreement.
        Recipient recipient = isAuthenticated ? new JceKeyTransAuthEnvelopedRecipient(key(who)).setProvider("BC")
            : who.equals("rsa") ? new JceKeyTransEnvelopedRecipient(key(who)).setProvider("BC")
                                : new JceKeyAgreeEnvelopedRecipient(key(who)).setProvider("BC");
        var recipients = isAuthenticated ? new CMSAuthEnvelopedData(der).getRecipientInfos()
                                         : new CMSEnvelopedData(der).getRecipientInfos();
        return recipients.getRecipients().iterator().next().getContent(recipient);
    }

    public static void main(String[] arguments) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        folder = Path.of(arguments[0]);
        var list = new BufferedReader(new InputStreamReader(System.in));
        for (String line = list.readLine(); line != null; line = list.readLine()) {
            var words = line.split(" ");
            byte[] der = Files.readAllBytes(folder.resolve(words[0] + ".der"));
            var kind = ContentInfo.getInstance(der).getContentType();
            byte[] content = kind.equals(CMSObjectIdentifiers.signedData) ? verified(der)
                : decrypted(der, words[1], kind.equals(CMSObjectIdentifiers.authEnvelopedData));
            Files.write(folder.resolve(words[0] + ".opened"), content);
        }
    }
}
