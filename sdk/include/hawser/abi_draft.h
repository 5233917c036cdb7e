/* hawser/abi_draft.h: services that are being tried out, with ids of their own: "hawser.draft.…". They may change or go
 * with any version, and an engine may lack them; once settled they come into abi.h under another id. Rules are those of
 * abi.h. */
#ifndef HAWSER_ABI_DRAFT_H
#define HAWSER_ABI_DRAFT_H

#include "hawser/abi.h"
#ifdef __cplusplus
extern "C" {
#endif

#define HAWSER_DRAFT_MESSAGE_PARTS "hawser.draft.message-parts/1"
typedef struct hawser_draft_message_parts_api {
    uint32_t struct_size, reserved;
    /* For a decoder: a further part, behind those that there are; is_body and size of `part` are not looked at, and a
     * name that another part has gets a number. Moves the stream in, which is read after the body's end; on failure it
     * stays the caller's. In execute or while the component's body is read, its end included. Fails in a send pipeline,
     * and where a text has a control character or more than 1024 bytes. [worker] */
    hawser_status (*add)(hawser_message *m, const hawser_part *part, const hawser_stream *in,
                         const hawser_error *error);
    /* For a decoder: the content type, charset and file name that the body has now; the rest of `part` is not looked
     * at. When and how it fails: as add. [worker] */
    hawser_status (*describe_body)(hawser_message *m, const hawser_part *part, const hawser_error *error);
} hawser_draft_message_parts_api;

/* Which certificate a text names: as host.certificates.signing and encryptionCertificates do. */
#define HAWSER_DRAFT_CERTIFICATE_CHOICE "hawser.draft.certificate-choice/1"
typedef struct hawser_draft_certificate_choice_api {
    uint32_t struct_size, reserved;
    /* Visits the certificate of `set`, PERSONAL or OTHER_PEOPLE, that `selector` names to be encrypted for: a
     * thumbprint, a file name or a pkcs11: URI; without its key. Of several in a file that is the current one that fits
     * encryption, and no authority. HAWSER_NOT_FOUND: there is none, and why not. [worker] */
    hawser_status (*find_recipient)(const hawser_host *host, uint32_t set, hawser_string selector,
                                    hawser_certificate_visitor visit, void *user, const hawser_error *error);
} hawser_draft_certificate_choice_api;

/* What a private key does that stays in a PKCS #11 token: hawser_certificate's private_key is then a "pkcs11:" URI
 * (RFC 7512), which is good for this and nothing else. */
/* A set of hawser_certificates_api as well: what the host cannot read now, and so what may be missing in DECRYPTION.
 * The der is empty, the name says for a person what it is, and why. */
#define HAWSER_DRAFT_CERTIFICATES_UNREADABLE 1001u
#define HAWSER_DRAFT_PRIVATE_KEYS "hawser.draft.private-keys/1"
#define HAWSER_DRAFT_KEY_SIGN_PKCS1 1u /* RSA: of a DigestInfo, which is padded and signed (RFC 8017 section 8.2) */
#define HAWSER_DRAFT_KEY_SIGN_RAW 2u /* RSA: of what has been padded already, as long as the modulus (for PSS) */
#define HAWSER_DRAFT_KEY_DECRYPT_PKCS1 3u /* RSA: of a cryptogram; gives what it was before it was padded */
#define HAWSER_DRAFT_KEY_DECRYPT_RAW 4u /* RSA: the same with its padding, as long as the modulus (for OAEP) */
#define HAWSER_DRAFT_KEY_SIGN_ECDSA 5u /* of a hash; gives r and s, each as long as the other */
#define HAWSER_DRAFT_KEY_DERIVE_ECDH 6u /* of the other's public point, uncompressed; gives the x coordinate */
typedef struct hawser_draft_private_keys_api {
    uint32_t struct_size, reserved;
    /* `key` as `each` of hawser_certificates_api gave it. HAWSER_FAILED, without telling why, where the cryptogram or
     * the point does not fit the key; HAWSER_UNSUPPORTED where the token or the key does not do the operation;
     * HAWSER_TRY_LATER where the token is not to be had now; HAWSER_NOT_FOUND for a key that the host does not have;
     * HAWSER_MISUSE for a component that does not declare HAWSER_FLAG_NEEDS_PRIVATE_KEY. Waits for the token, and for
     * a session where all are in use. [any thread that may wait; several at once] */
    hawser_status (*use)(const hawser_host *host, hawser_string key, uint32_t operation, hawser_string input,
                         const hawser_text_sink *out, const hawser_error *error);
} hawser_draft_private_keys_api;

#ifdef __cplusplus
}
#endif
#endif
