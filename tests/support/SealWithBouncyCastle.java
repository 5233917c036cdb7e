// Seals a file with Bouncy Castle in every way that it knows and we should: for the decoder's test against other programs.
//
//     java -cp … SealWithBouncyCastle.java ENTITY FOLDER       FOLDER: rsa.der rsa.p8 p256.der p256.p8 …; gets *.p7m
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Security;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.List;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERSet;
import org.bouncycastle.asn1.cms.*;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cms.*;
import org.bouncycastle.cms.jcajce.*;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.OutputAEADEncryptor;
import org.bouncycastle.operator.jcajce.*;

public class SealWithBouncyCastle {
    static Path folder;
    static byte[] entity;

    static X509Certificate certificate(String name) throws Exception {
        try (var in = Files.newInputStream(folder.resolve(name + ".der"))) {
            return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
    }

    static PrivateKey key(String name) throws Exception {
        var spec = new PKCS8EncodedKeySpec(Files.readAllBytes(folder.resolve(name + ".p8")));
        return KeyFactory.getInstance(name.equals("rsa") ? "RSA" : "EC", "BC").generatePrivate(spec);
    }

    static void write(String name, byte[] bytes) throws Exception {
        Files.write(folder.resolve(name + ".p7m"), bytes);
    }

    static void sign(String who, String algorithm) throws Exception {
        var generator = new CMSSignedDataGenerator();
        var signer = new JcaContentSignerBuilder(algorithm).setProvider("BC").build(key(who));
        var digests = new JcaDigestCalculatorProviderBuilder().setProvider("BC").build();
        generator.addSignerInfoGenerator(new JcaSignerInfoGeneratorBuilder(digests).build(signer, certificate(who)));
        generator.addCertificates(new JcaCertStore(List.of(certificate(who))));
        write("signed-" + who + "-" + algorithm, generator.generate(new CMSProcessableByteArray(entity), true).getEncoded());
    }

    static RecipientInfoGenerator recipient(String who, String how) throws Exception {
        var certificate = certificate(who);
        if (who.equals("rsa")) {
            if (how.equals("oaep")) {
                var oaep = new JcaAlgorithmParametersConverter().getAlgorithmIdentifier(
                    org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers.id_RSAES_OAEP,
                    new javax.crypto.spec.OAEPParameterSpec("SHA-256", "MGF1",
                        java.security.spec.MGF1ParameterSpec.SHA256, javax.crypto.spec.PSource.PSpecified.DEFAULT));
                return new JceKeyTransRecipientInfoGenerator(certificate, oaep).setProvider("BC");
            }
            return new JceKeyTransRecipientInfoGenerator(certificate).setProvider("BC");
        }
        var pair = java.security.KeyPairGenerator.getInstance("EC", "BC");
        pair.initialize(((java.security.interfaces.ECPublicKey) certificate.getPublicKey()).getParams());
        var ephemeral = pair.generateKeyPair();
        ASN1ObjectIdentifier scheme = how.equals("sha1kdf") ? CMSAlgorithm.ECDH_SHA1KDF
            : how.equals("sha384kdf") ? CMSAlgorithm.ECDH_SHA384KDF : CMSAlgorithm.ECDH_SHA256KDF;
        return new JceKeyAgreeRecipientInfoGenerator(scheme, ephemeral.getPrivate(), ephemeral.getPublic(),
            CMSAlgorithm.AES256_WRAP).addRecipient(certificate).setProvider("BC");
    }

    static void encrypt(String who, String how, String name, ASN1ObjectIdentifier cipher) throws Exception {
        var encryptor = new JceCMSContentEncryptorBuilder(cipher).setProvider("BC").build();
        var content = new CMSProcessableByteArray(entity);
        byte[] sealed;
        if (encryptor instanceof OutputAEADEncryptor) {
            var generator = new CMSAuthEnvelopedDataGenerator();
            generator.addRecipientInfoGenerator(recipient(who, how));
            if (how.equals("attributes")) {
                var type = new Attribute(CMSAttributes.contentType, new DERSet(CMSObjectIdentifiers.data));
                generator.setAuthenticatedAttributeGenerator(new SimpleAttributeTableGenerator(new AttributeTable(type)));
            }
            sealed = generator.generate(content, (OutputAEADEncryptor) encryptor).getEncoded();
        } else {
            var generator = new CMSEnvelopedDataGenerator();
            generator.addRecipientInfoGenerator(recipient(who, how));
            sealed = generator.generate(content, encryptor).getEncoded();
        }
        write("encrypted-" + who + "-" + how + "-" + name, sealed);
    }

    public static void main(String[] words) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        entity = Files.readAllBytes(Path.of(words[0]));
        folder = Path.of(words[1]);
        for (String digest : List.of("SHA256", "SHA384", "SHA512")) {
            sign("rsa", digest + "withRSA");
            sign("rsa", digest + "withRSAandMGF1");
            for (String curve : List.of("p256", "p384", "p521")) {
                sign(curve, digest + "withECDSA");
            }
        }
        var ciphers = new java.util.LinkedHashMap<String, ASN1ObjectIdentifier>();
        ciphers.put("AES128", CMSAlgorithm.AES128_CBC);
        ciphers.put("AES256", CMSAlgorithm.AES256_CBC);
        ciphers.put("AES128GCM", CMSAlgorithm.AES128_GCM);
        ciphers.put("AES256GCM", CMSAlgorithm.AES256_GCM);
        for (var cipher : ciphers.entrySet()) {
            for (String how : List.of("pkcs1", "oaep")) {
                encrypt("rsa", how, cipher.getKey(), cipher.getValue());
            }
            if (cipher.getKey().endsWith("GCM")) {
                encrypt("rsa", "attributes", cipher.getKey(), cipher.getValue());
            }
            for (String curve : List.of("p256", "p384", "p521")) {
                for (String how : List.of("sha1kdf", "sha256kdf", "sha384kdf")) {
                    encrypt(curve, how, cipher.getKey(), cipher.getValue());
                }
            }
        }
    }
}
