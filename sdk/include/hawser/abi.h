/* hawser/abi.h: the stable C interface, version 1, between a Hawser engine and its plugins.
 *
 * For whom: plugin authors in C or another language, and the engine. C++ plugins include <hawser/sdk.hpp> instead.
 *
 * Rules
 *  - C11; no exception, allocation or C++ type crosses; fixed-width integers only; whoever creates a thing destroys it.
 *  - A hawser_string is borrowed UTF-8 (pointer, bytes; not zero-terminated). Unless a comment says otherwise it lives
 *    until the call that carries it returns; one that a message gives lives until that message's next change or its
 * end.
 *  - Structs that begin with struct_size grow at their end only: whoever reads checks struct_size, whoever writes sets
 * it. A caller's out-struct has its struct_size set before the call, and the callee fills no more than that. Structs
 * without struct_size are frozen. A changed contract is a new interface id.
 *  - A function fails by a negative status and, where it has one, by calling error->set once with a sentence for a
 * person.
 *  - Thread tags: [main] while bindings are loaded, one at a time; [worker] on a pipeline worker, never twice at once
 * for one message or stream, though not always on the same thread; [any] from any thread, at any time, never blocking.
 *  - A loaded plugin is never unloaded. */
#ifndef HAWSER_ABI_H
#define HAWSER_ABI_H

#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif
#define HAWSER_ABI_MAJOR 1u
#define HAWSER_ABI_MINOR 0u
#define HAWSER_EXPORT __attribute__((visibility("default")))
typedef struct hawser_string {
    const char *data;
    uint64_t size;
} hawser_string;

typedef int32_t hawser_status;
#define HAWSER_OK 0
#define HAWSER_FAILED (-1) /* this message cannot be processed: it is suspended */
#define HAWSER_BAD_CONFIG (-2) /* a property's value is wrong */
#define HAWSER_IO (-3) /* reading or writing failed */
#define HAWSER_CANCELLED (-4) /* the host asked to stop */
#define HAWSER_UNSUPPORTED (-5) /* this engine or plugin does not have it */
#define HAWSER_MISUSE (-6) /* the caller broke this contract */
#define HAWSER_WOULD_BLOCK (-7) /* nothing to read yet: see body_on_ready. Only body_read answers it */
#define HAWSER_TRY_LATER (-8) /* cannot be done now (HSM busy, disk full): the delivery is rescheduled */
#define HAWSER_NOT_FOUND (-9) /* no such property, part, certificate, file */

/* Takes the reason for a failure; set copies the text. [thread of the call that has it] */
typedef struct hawser_error {
    void *self;
    void (*set)(void *self, hawser_status status, hawser_string text);
} hawser_error;
/* Takes text that a function yields, in one or more pieces. */
typedef struct hawser_text_sink {
    void *self;
    void (*append)(void *self, hawser_string text);
} hawser_text_sink;
typedef void (*hawser_callback)(void *user);

typedef struct hawser_message hawser_message; /* a message in one attempt to deliver it */
typedef struct hawser_delivery hawser_delivery; /* one call of transmit, until complete */
typedef struct hawser_config hawser_config; /* validated configuration of one instance */

/* A pull stream: forward only, one reader. It is moved: who holds it calls close exactly once.
 * read: > 0 bytes read, 0 end, < 0 a status; after an end or a failure it is only closed. [worker]
 * size_hint: the exact number of bytes left, or -1 where that is not known. [worker] */
typedef struct hawser_stream {
    void *self;
    int64_t (*read)(void *self, void *buffer, uint64_t capacity, const hawser_error *error);
    int64_t (*size_hint)(void *self);
    void (*close)(void *self);
} hawser_stream;

/* ---- Host and services ---------------------------------------------------------------------------------------- */
/* What an instance sees of its engine. One for each instance, and it outlives the instance.
 * get_service: a table such as hawser_message_api by its id, or NULL. Tables live as long as the host. [any] */
typedef struct hawser_host {
    uint32_t struct_size, abi_major, abi_minor, reserved;
    void *self;
    const void *(*get_service)(const struct hawser_host *host, hawser_string id);
} hawser_host;

#define HAWSER_LOG "hawser.log/1"
#define HAWSER_LOG_DEBUG 1
#define HAWSER_LOG_INFO 2
#define HAWSER_LOG_WARNING 3
#define HAWSER_LOG_ERROR 4
typedef struct hawser_log_api {
    uint32_t struct_size, reserved;
    /* One event, one line. message may be NULL; else port, message id and attempt are added. Never a body or secret.
     * [any] */
    void (*log)(const hawser_host *host, int32_t level, const hawser_message *message, hawser_string text);
} hawser_log_api;

#define HAWSER_CLOCK "hawser.clock/1"
typedef struct hawser_clock_api {
    uint32_t struct_size, reserved;
    int64_t (*unix_ms)(const hawser_host *host); /* wall clock, UTC. [any] */
    int64_t (*monotonic_ms)(const hawser_host *host); /* never goes back. [any] */
} hawser_clock_api;

#define HAWSER_METRICS "hawser.metrics/1"
typedef struct hawser_metrics_api {
    uint32_t struct_size, reserved;
    void (*add)(const hawser_host *host, hawser_string counter, int64_t delta); /* [any] */
} hawser_metrics_api;

#define HAWSER_CONFIG "hawser.config/1"
typedef struct hawser_config_api {
    uint32_t struct_size, reserved;
    /* The scalar at an RFC 6901 pointer as text ("/Subject", "/Attachments/0"), defaults applied, secrets resolved.
     * Lives as long as config. HAWSER_NOT_FOUND where there is neither value nor default. [any] */
    hawser_status (*get)(const hawser_config *config, hawser_string pointer, hawser_string *out);
    uint32_t (*count)(const hawser_config *config,
                      hawser_string pointer); /* elements of a list; 0 where absent. [any] */
} hawser_config_api;

/* ---- Messages ------------------------------------------------------------------------------------------------- */
#define HAWSER_TYPE_STRING 1u
#define HAWSER_TYPE_INTEGER 2u
#define HAWSER_TYPE_BOOLEAN 3u
#define HAWSER_TYPE_DATE_TIME 4u
#define HAWSER_TYPE_ENUMERATION 5u /* only in a property spec: words, or their numbers */
#define HAWSER_TYPE_STRING_LIST 6u /* only in a property spec: in a context it is one string, joined by '|' */

#define HAWSER_PROPERTY_PROMOTED 1u
#define HAWSER_ORIGIN_MESSAGE 1u /* came with the message: not trusted */
#define HAWSER_ORIGIN_BINDINGS 2u /* the operator wrote it */
#define HAWSER_ORIGIN_COMPONENT 3u
#define HAWSER_ORIGIN_ENGINE 4u
typedef struct hawser_property {
    uint32_t struct_size, type, flags, origin; /* origin is ignored by set_property */
    hawser_string value; /* int in decimal, bool "true"/"false", dateTime RFC 3339 */
} hawser_property;

typedef struct hawser_part {
    uint32_t struct_size, is_body;
    uint64_t size; /* bytes as stored; a component may have replaced the body since */
    hawser_string name, content_type, charset, file_name;
} hawser_part;

typedef struct hawser_identity {
    uint32_t struct_size, attempt; /* attempt counts from 1 */
    int64_t published_unix_ms;
    hawser_string message_id; /* BTS.MessageID */
    hawser_string unique_id; /* fixed for this delivery over all its attempts; an Internet Message-ID is made of it */
    hawser_string port, host_name;
    int64_t begin_before_unix_ms; /* the port's service window ends then, 0 = never; see HAWSER_NOT_BEGUN */
} hawser_identity;

#define HAWSER_BODY_PART 0xffffffffu /* as part index: the body part */
#define HAWSER_SEAL_SIGNED 1u
#define HAWSER_SEAL_ENCRYPTED 2u
/* Context properties by which a component says that the body now is one MIME entity (header block of MIME-Version and
 * Content-* only, blank line, CRLF body), and what its top-level Content-Transfer-Encoding is (RFC 2045 section 6). */
#define HAWSER_IS_MIME_ENCODED "MIME.IsMIMEEncoded"
#define HAWSER_TRANSFER_ENCODING "MIME.TransferEncoding"

#define HAWSER_MESSAGE "hawser.message/1"
typedef struct hawser_message_api { /* [worker] in execute, compose and stream reads; adapters read only */
    uint32_t struct_size, reserved;
    hawser_status (*get_property)(const hawser_message *m, hawser_string name, hawser_property *out);
    hawser_status (*set_property)(hawser_message *m, hawser_string name, const hawser_property *value,
                                  const hawser_error *error);
    hawser_status (*erase_property)(hawser_message *m, hawser_string name);
    uint32_t (*property_count)(const hawser_message *m);
    hawser_status (*property_at)(const hawser_message *m, uint32_t index, hawser_string *name, hawser_property *out);
    uint32_t (*part_count)(const hawser_message *m);
    hawser_status (*part_at)(const hawser_message *m, uint32_t index, hawser_part *out);
    hawser_status (*part_property)(const hawser_message *m, uint32_t index, hawser_string name, hawser_property *out);
    /* Moves a part's stream out; a second take, with no put between, is HAWSER_MISUSE. */
    hawser_status (*take_body)(hawser_message *m, uint32_t part_index, hawser_stream *out, const hawser_error *error);
    /* Moves a stream in; on failure it stays the caller's. Whatever it wraps is read when somebody reads it. */
    hawser_status (*put_body)(hawser_message *m, uint32_t part_index, const hawser_stream *in,
                              const hawser_error *error);
    hawser_status (*identity)(const hawser_message *m, hawser_identity *out);
    /* What this component's new body is: HAWSER_SEAL_*. Called after put_body; believed only from a component that
     * declares HAWSER_FLAG_SEALS and replaced the body. */
    hawser_status (*report_seal)(hawser_message *m, uint32_t seals);
    int32_t (*is_cancelled)(const hawser_message *m); /* [any] */
    /* The callback runs at most once, on any thread, at once where it is cancelled already; never after complete. */
    void (*on_cancel)(hawser_message *m, hawser_callback callback, void *user);
} hawser_message_api;

/* The mail header fields that a composer made, in order. Values are complete: encoded, folded, without the final CRLF.
 * append and set refuse names and values that are no field (RFC 5322 section 2.2), and MIME-Version and Content-*. */
#define HAWSER_MAIL_HEADERS "hawser.mail-headers/1"
typedef struct hawser_mail_headers_api { /* [worker]; adapters read only */
    uint32_t struct_size, reserved;
    uint32_t (*count)(const hawser_message *m);
    hawser_status (*at)(const hawser_message *m, uint32_t index, hawser_string *name, hawser_string *value);
    hawser_status (*append)(hawser_message *m, hawser_string name, hawser_string value, const hawser_error *error);
    hawser_status (*set)(hawser_message *m, uint32_t index, hawser_string value, const hawser_error *error);
    hawser_status (*remove)(hawser_message *m, uint32_t index);
} hawser_mail_headers_api;

#define HAWSER_MACROS "hawser.macros/1"
#define HAWSER_PLACE_SUBJECT 1u /* an unresolvable macro stays as it is written */
#define HAWSER_PLACE_ADDRESS 2u /* an unresolvable macro fails */
typedef struct hawser_macros_api {
    uint32_t struct_size, reserved;
    /* Replaces %Name% (spec section 2). The values are whatever the message says: encode the result as untrusted.
     * [worker] */
    hawser_status (*expand)(const hawser_host *host, const hawser_message *m, uint32_t place, hawser_string text,
                            const hawser_text_sink *out, const hawser_error *error);
} hawser_macros_api;

#define HAWSER_FILES "hawser.files/1"
typedef struct hawser_files_api {
    uint32_t struct_size, reserved;
    /* Opens a file that the value of `property` names: any file where the bindings gave that value, else only beneath
     * the port's attachmentRoots. HAWSER_TRY_LATER where it is not there yet or cannot be read now. [worker] */
    hawser_status (*open)(const hawser_host *host, const hawser_message *m, hawser_string property, hawser_string path,
                          hawser_stream *out, const hawser_error *error);
} hawser_files_api;

#define HAWSER_CERTIFICATES "hawser.certificates/1"
#define HAWSER_CERTIFICATES_SIGNING 1u /* the message's signing certificate, first, with its key; then its chain */
#define HAWSER_CERTIFICATES_ENCRYPTION 2u /* the recipients' certificates of the message's port or context */
#define HAWSER_CERTIFICATES_PERSONAL 3u /* the host's own, without keys */
#define HAWSER_CERTIFICATES_OTHER_PEOPLE 4u
#define HAWSER_CERTIFICATES_TRUSTED 5u /* trust anchors; HAWSER_NOT_FOUND = not configured: use the system's */
#define HAWSER_CERTIFICATES_CRLS 6u /* der is a CRL */
#define HAWSER_CERTIFICATES_DECRYPTION 7u /* the host's own, each with its key, if any */
#define HAWSER_CERTIFICATES_FETCHED_CRLS 8u /* CRLs that the host has fetched and verified */
#define HAWSER_CERTIFICATES_OCSP 9u /* der is an OCSP response of RFC 6960 that the host has fetched and verified */
#define HAWSER_CERTIFICATES_REVOCATION_PENDING 10u /* certificates that the host is about to fetch a CRL or OCSP */
/* response for, having no current one; name says from where, and why it is not there yet */
typedef struct hawser_certificate {
    uint32_t struct_size, reserved;
    hawser_string der; /* X.509 certificate, CRL or OCSP response */
    hawser_string private_key; /* PKCS#8 DER, or "pkcs11:…"; empty where there is none to give */
    hawser_string name; /* the file it was read from, for messages to a person */
} hawser_certificate;
typedef void (*hawser_certificate_visitor)(void *user, const hawser_certificate *certificate);
typedef struct hawser_certificates_api {
    uint32_t struct_size, reserved;
    /* Visits a set; m may be NULL except for SIGNING and ENCRYPTION. What is visited lives during the visit only. Keys
     * are given to components that declare HAWSER_FLAG_NEEDS_PRIVATE_KEY. Fails, naming it, when one is missing.
     * [worker] */
    hawser_status (*each)(const hawser_host *host, const hawser_message *m, uint32_t set,
                          hawser_certificate_visitor visit, void *user, const hawser_error *error);
    uint64_t (*revision)(const hawser_host *host); /* changes when any of the folders was read anew. [any] */
} hawser_certificates_api;

/* ---- Deliveries ----------------------------------------------------------------------------------------------- */
#define HAWSER_SECRETS "hawser.secrets/1"
/* The host's service account, where the bindings have one; its password is guarded by what the send handler names. */
#define HAWSER_SECRET_SERVICE_DOMAIN "serviceAccount.domain"
#define HAWSER_SECRET_SERVICE_USER "serviceAccount.user"
#define HAWSER_SECRET_SERVICE_PASSWORD "serviceAccount.password"
typedef struct hawser_secrets_api {
    uint32_t struct_size, reserved;
    /* A secret property ("Password") of the delivery's port or handler; lives until complete. HAWSER_NOT_FOUND where
     * none is configured, or where a property flagged HAWSER_SPEC_GUARDS_SECRETS differs from what it was configured
     * with. [any] */
    hawser_status (*get)(const hawser_host *host, hawser_delivery *d, hawser_string name, hawser_string *out);
} hawser_secrets_api;

#define HAWSER_DELIVERED 1u
#define HAWSER_RETRY 2u /* may succeed later */
#define HAWSER_REJECTED 3u /* will never succeed ("failed"): no retry */
#define HAWSER_PARTIAL 4u /* recipients differ: delivered ones are final */
#define HAWSER_ENDPOINT_DOWN 1u /* the endpoint as a whole did not work: hold its other messages back too */
#define HAWSER_MAYBE_DUPLICATE 2u /* it may have been accepted although no answer came */
/* With a retry: nothing was tried, so the attempt does not count. For adapters in which deliveries wait (for a
 * connection): to send nothing after begin_before_unix_ms. What has begun by then is finished. */
#define HAWSER_NOT_BEGUN 4u

typedef struct hawser_recipient_result { /* frozen */
    hawser_string address;
    uint32_t verdict, reply_code; /* HAWSER_DELIVERED, _RETRY or _REJECTED; the protocol's code, 0 = none */
    hawser_string enhanced_status, text;
} hawser_recipient_result;

typedef struct hawser_outcome {
    uint32_t struct_size, verdict, flags, reply_code;
    int64_t not_before_unix_ms; /* with a retry: its earliest time; 0 = the port's interval decides */
    hawser_string code; /* stable, for programs: "smtp.recipient-refused" */
    hawser_string enhanced_status, text; /* RFC 3463; a sentence for a person, what was said quoted */
    const hawser_recipient_result *recipients;
    uint64_t recipient_count;
    hawser_string
        resume_state; /* opaque, at most 1 MiB; handed back on the next attempt to the same adapter and address */
} hawser_outcome;

typedef void (*hawser_checkpoint_done)(void *user, hawser_status status);
#define HAWSER_DELIVERY "hawser.delivery/1"
typedef struct hawser_delivery_api { /* handles stay valid until complete */
    uint32_t struct_size, reserved;
    hawser_message *(*message)(hawser_delivery *d); /* [any] */
    /* > 0 bytes, 0 end, HAWSER_WOULD_BLOCK, or < 0: the body failed, so break off and complete. For an adapter that
     * declares HAWSER_FLAG_BLOCKING it waits instead. One reader; never twice at once. [any] */
    int64_t (*body_read)(hawser_delivery *d, void *buffer, uint64_t capacity, const hawser_error *error);
    /* After HAWSER_WOULD_BLOCK: the callback runs once, on any thread, maybe before this returns, when reading can go
     * on; never after complete, which waits for one that runs, unless it is called from it. */
    void (*body_on_ready)(hawser_delivery *d, hawser_callback callback, void *user);
    int64_t (*body_size)(hawser_delivery *d); /* exact, or -1. [any] */
    hawser_string (*resume_state)(hawser_delivery *d); /* empty = none. [any] */
    /* Makes resume state durable in mid-transmit; done runs once, on any thread. [any] */
    void (*checkpoint)(hawser_delivery *d, hawser_string resume_state, hawser_checkpoint_done done, void *user);
    int32_t (*is_cancelled)(const hawser_delivery *d); /* [any] */
    void (*on_cancel)(hawser_delivery *d, hawser_callback callback, void *user); /* as in hawser_message_api */
    /* Exactly once for each transmit; d and all that it gave end here. [any] */
    void (*complete)(hawser_delivery *d, const hawser_outcome *outcome);
} hawser_delivery_api;

#define HAWSER_AUDIT "hawser.audit/1"
typedef struct hawser_audit_record hawser_audit_record; /* what one handing over of a message put on the wire */
/* HAWSER_OK: durable. Another status: it is not, and text says why in words. */
typedef void (*hawser_audit_done)(void *user, hawser_status status, hawser_string text);
/* For adapters that declare HAWSER_FLAG_AUDITS; others cannot be used where a port has an archive.
 * Order: begin, content any number of times, hand_over, (the bytes by which the far side accepts the message), finish.
 * Only after hand_over was answered HAWSER_OK may the message be made the far side's. A record that is finished without
 * hand_over says that nothing was accepted. One thread at a time. */
typedef struct hawser_audit_api {
    uint32_t struct_size, reserved;
    /* *out is NULL, and the status HAWSER_OK, where the delivery's port has no archive. HAWSER_TRY_LATER: the archive
     * cannot be written, and nothing may be sent. Before complete. [any] */
    hawser_status (*begin)(const hawser_host *host, hawser_delivery *d, hawser_audit_record **out,
                           const hawser_error *error);
    /* The next bytes of the message exactly as they go over the wire. [any] */
    hawser_status (*content)(hawser_audit_record *record, hawser_string bytes, const hawser_error *error);
    /* `facts` is one JSON object (envelope, server, TLS, what was said so far), at most 16 MiB, and goes into the
     * archive with what the engine knows: port, message id, delivery, attempt, hash and size of the content. done runs
     * once, on any thread, maybe before this returns. [any] */
    void (*hand_over)(hawser_audit_record *record, hawser_string facts, hawser_audit_done done, void *user);
    /* What the far side answered; ends the record, which is never touched again. If this cannot be made durable now,
     * the engine keeps it and refuses further records until it is. [any] */
    void (*finish)(hawser_audit_record *record, hawser_string facts, hawser_audit_done done, void *user);
} hawser_audit_api;

/* ---- Descriptors ---------------------------------------------------------------------------------------------- */
#define HAWSER_SPEC_REQUIRED 1u /* handler, port or (dynamic port) message must give it */
#define HAWSER_SPEC_SECRET 2u /* {"env"|"file"|"credential": …}; never logged, shown, stored or in a context */
#define HAWSER_SPEC_HANDLER_ONLY 4u /* not settable on a port */
#define HAWSER_SPEC_CONTEXT_ONLY 8u /* not settable in bindings */
#define HAWSER_SPEC_GUARDS_SECRETS 16u /* secrets are given only while this has the value they were configured with */
#define HAWSER_SPEC_ADDRESS 32u /* may be given by the port's address instead */
#define HAWSER_SPEC_RECIPIENTS 64u /* further addresses; of a dynamic port's message only those that the port allows */
#define HAWSER_SPEC_NEEDS_COMPOSER 128u /* component: without effect where the adapter lacks HAWSER_FLAG_COMPOSES */
#define HAWSER_SPEC_WITHOUT_COMPOSER 256u /* component: without effect where the adapter has HAWSER_FLAG_COMPOSES */
#define HAWSER_SPEC_OWN_RECIPIENT 512u /* component: where it encrypts, for this certificate of PERSONAL too */
typedef struct hawser_property_spec {
    uint32_t struct_size, type, flags, since_minor;
    int64_t minimum, maximum; /* of an integer, or of a string's length in bytes; both 0 = no limit */
    hawser_string name, text; /* "Subject"; one or two sentences for help, docs and schema */
    hawser_string default_value; /* data == NULL: no default */
    hawser_string words; /* of an enumeration: "none=0|basic=1" */
} hawser_property_spec;

#define HAWSER_KIND_PIPELINE_COMPONENT 1u
#define HAWSER_KIND_SEND_ADAPTER 2u
#define HAWSER_STAGE_PRE_ASSEMBLE 1u
#define HAWSER_STAGE_ASSEMBLE 2u
#define HAWSER_STAGE_ENCODE 4u
#define HAWSER_STAGE_DECODE 8u
#define HAWSER_STAGE_DISASSEMBLE 16u
#define HAWSER_STAGE_VALIDATE 32u
#define HAWSER_STAGE_RESOLVE_PARTY 64u
#define HAWSER_FLAG_NEEDS_COMPOSED 1u /* component: the adapter's composer runs before it */
#define HAWSER_FLAG_DEFERS_CONTEXT 2u /* component: sets context at the end of its body, which is therefore spooled */
#define HAWSER_FLAG_NEEDS_PRIVATE_KEY 4u /* component */
#define HAWSER_FLAG_SEALS 8u /* component: signs or encrypts */
#define HAWSER_FLAG_BLOCKING 16u /* adapter: transmit may block; it gets max_in_flight threads of its own */
#define HAWSER_FLAG_AUDITS 32u /* adapter: records what it sends by hawser.audit/1 */
#define HAWSER_FLAG_COMPOSES 64u /* adapter: makes mail of what it sends, by HAWSER_COMPOSER */

typedef struct hawser_descriptor { /* constant, lives as long as the plugin */
    uint32_t struct_size, kind, stages, flags;
    uint32_t max_in_flight; /* adapter: transmits at once; 0 = the host decides */
    uint32_t property_count;
    const hawser_property_spec *const *properties;
    hawser_string id, version, summary; /* "SMIMEEncoder", "1.0.0", one sentence */
    hawser_string property_namespace; /* adapter: "SMTP" */
    hawser_string address_scheme; /* adapter: "mailto" */
} hawser_descriptor;

/* ---- Components and adapters ---------------------------------------------------------------------------------- */
typedef struct hawser_instance {
    const void *table;
    void *self;
} hawser_instance; /* frozen; table is constant */
/* Takes what is wrong with a configuration: pointer is relative to it; severity 1 error, 2 warning. */
typedef struct hawser_problem_sink {
    void *self;
    void (*add)(void *self, uint32_t severity, hawser_string pointer, hawser_string text);
} hawser_problem_sink;

#define HAWSER_PIPELINE_COMPONENT "hawser.pipeline-component/1"
typedef struct hawser_pipeline_component { /* table of an instance */
    uint32_t struct_size, reserved;
    /* Wraps the body's stream and returns at once: the work happens while the body is read. The instance serves one
     * message after another, and streams of several messages may be read at once. [worker] */
    hawser_status (*execute)(void *self, hawser_message *message, const hawser_error *error);
    uint32_t (*configured_seals)(void *self); /* HAWSER_SEAL_* it is configured to make; may be NULL = 0. [any] */
    void (*destroy)(void *self); /* [main] */
} hawser_pipeline_component;

#define HAWSER_SEND_ADAPTER "hawser.send-adapter/1"
typedef struct hawser_send_adapter { /* table of an instance; one instance a send handler */
    uint32_t struct_size, reserved;
    void (*transmit)(void *self,
                     hawser_delivery *delivery); /* answered by complete, now or later. [worker], or an own thread */
    /* Writes what a transmission would use besides the body (server, sender, recipients). May be NULL. [worker] */
    hawser_status (*preview)(void *self, hawser_message *message, const hawser_text_sink *out,
                             const hawser_error *error);
    /* HAWSER_COMPOSER, HAWSER_PROBE; NULL = has none. May be NULL. [any] */
    const void *(*get_interface)(void *self, hawser_string id);
    void (*stop)(void *self); /* no transmit follows; those under way are cancelled by the host. [main] */
    void (*destroy)(void *self); /* after the last complete; joins the adapter's threads. [main] */
} hawser_send_adapter;

/* Takes what a probe finds, in the order in which it was found. */
#define HAWSER_FOUND_FACT 1u
#define HAWSER_FOUND_WARNING 2u
#define HAWSER_FOUND_ERROR 3u /* a delivery would fail */
typedef struct hawser_finding_sink {
    void *self;
    /* `topic` in a word or two ("TLS", "certificate"), `text` for a person. */
    void (*add)(void *self, uint32_t kind, hawser_string topic, hawser_string text);
} hawser_finding_sink;
#define HAWSER_PROBE "hawser.probe/1"
typedef struct hawser_probe {
    uint32_t struct_size, reserved;
    /* Tries the endpoint as a delivery with this context and these secrets would, and sends no message. It takes as
     * long as the endpoint's time-outs. The delivery has no body, and complete is not called. [worker] */
    hawser_status (*probe)(void *self, hawser_delivery *delivery, const hawser_finding_sink *found,
                           const hawser_error *error);
} hawser_probe;

#define HAWSER_COMPOSER "hawser.composer/1"
typedef struct hawser_composer {
    uint32_t struct_size, reserved;
    /* Settles properties and macros, writes the mail header fields, and makes the body one MIME entity with all parts.
     * [worker] */
    hawser_status (*compose)(void *self, hawser_message *message, const hawser_error *error);
} hawser_composer;

/* Factories are asked for by HAWSER_PIPELINE_COMPONENT and HAWSER_SEND_ADAPTER. */
typedef struct hawser_factory {
    uint32_t struct_size, count;
    const hawser_descriptor *(*descriptor)(uint32_t index);
    /* Rules that the spec cannot say, over the merged handler and port values. May be NULL. [main] */
    void (*validate)(uint32_t index, const hawser_host *host, const hawser_config *config,
                     const hawser_problem_sink *problems);
    hawser_status (*create)(const struct hawser_factory *factory, const hawser_host *host, uint32_t index,
                            const hawser_config *config, hawser_instance *out, const hawser_error *error);
} hawser_factory;

/* The one exported symbol. Its shape never changes. A plugin of another major lacks the symbol and is refused unrun. */
typedef struct hawser_entry {
    uint32_t abi_major; /* HAWSER_ABI_MAJOR */
    uint32_t abi_minor; /* the lowest minor the plugin needs, not the one it was built with */
    hawser_status (*init)(const hawser_error *error); /* once a process, before anything else. [main] */
    void (*deinit)(void); /* reserved: never called while plugins are not unloaded. May be NULL */
    const hawser_factory *(*get_factory)(hawser_string id); /* NULL = has none of these. [main] */
} hawser_entry;
HAWSER_EXPORT extern const hawser_entry hawser_plugin_entry_1;

#ifdef __cplusplus
}
#endif
#endif
