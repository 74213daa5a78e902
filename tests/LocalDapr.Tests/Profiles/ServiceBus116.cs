// Azure: Service Bus and PostgreSQL under daprd 1.16: runs the common cases against the local sidecar with these rules.
namespace LocalDapr.Tests.Profiles.ServiceBus116;

[Under(BrokerProfile.ServiceBus, StoreProfile.PostgreSql, DaprVersion.V116)]
public sealed class DeliveryTests : Conformance.DeliveryTests;

[Under(BrokerProfile.ServiceBus, StoreProfile.PostgreSql, DaprVersion.V116)]
public sealed class EnvelopeTests : Conformance.EnvelopeTests;

[Under(BrokerProfile.ServiceBus, StoreProfile.PostgreSql, DaprVersion.V116)]
public sealed class HealthTests : Conformance.HealthTests;

[Under(BrokerProfile.ServiceBus, StoreProfile.PostgreSql, DaprVersion.V116)]
public sealed class PublishErrorTests : Conformance.PublishErrorTests;

[Under(BrokerProfile.ServiceBus, StoreProfile.PostgreSql, DaprVersion.V116)]
public sealed class StateErrorTests : Conformance.StateErrorTests;

[Under(BrokerProfile.ServiceBus, StoreProfile.PostgreSql, DaprVersion.V116)]
public sealed class StateKeyTests : Conformance.StateKeyTests;

[Under(BrokerProfile.ServiceBus, StoreProfile.PostgreSql, DaprVersion.V116)]
public sealed class StateTests : Conformance.StateTests;

[Under(BrokerProfile.ServiceBus, StoreProfile.PostgreSql, DaprVersion.V116)]
public sealed class SubscriptionTests : Conformance.SubscriptionTests;

[Under(BrokerProfile.ServiceBus, StoreProfile.PostgreSql, DaprVersion.V116)]
public sealed class TraceTests : Conformance.TraceTests;

[Under(BrokerProfile.ServiceBus, StoreProfile.PostgreSql, DaprVersion.V116)]
public sealed class HttpPublishTests : Conformance.HttpPublishTests;
