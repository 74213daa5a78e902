using System.Globalization;
using System.Net.Http.Headers;

namespace LocalDapr.Faults;

/// <summary>The broker whose delivery rules a sidecar follows.</summary>
public enum BrokerProfile
{
    /// <summary>The local sidecar's own rules: a failed event is redelivered after its claim time, and no event is lost.</summary>
    Local,

    /// <summary>Azure Service Bus topics: a failed event is redelivered at once, up to <c>maxDeliveryCount</c> (default 10) deliveries; deliveries have headers such as <c>metadata.DeliveryCount</c>.</summary>
    ServiceBus,

    /// <summary>Redis streams under daprd 1.17 and newer: an event that failed after all retries is acknowledged and thus lost, unless the subscription has a dead-letter topic.</summary>
    Redis118,

    /// <summary>Redis streams under daprd up to 1.16: a failed event stays pending and is redelivered, without limit, once it was idle for <c>processingTimeout</c> (60 s), checked every <c>redeliverInterval</c> (15 s).</summary>
    Redis116,

    /// <summary>RabbitMQ: a failed event is requeued if the component sets <c>requeueInFailure</c>, else lost. Events published before the first subscription are lost, since there is no queue yet.</summary>
    RabbitMq,
}

/// <summary>The daprd version whose behaviour a sidecar follows.</summary>
public enum DaprVersion
{
    /// <summary>1.17 and newer, which <c>dapr init</c> installs.</summary>
    V118,

    /// <summary>Up to 1.16, which Azure Container Apps runs. Has bulk publish at v1.0-alpha1 only, writes a trace of zeros when there is none, ignores a subject in the query, and drops an event on an app's 404 without dead-lettering it.</summary>
    V116,
}

/// <summary>The state store whose concurrency rules a sidecar follows.</summary>
public enum StoreProfile
{
    /// <summary>SQLite and daprd's in-memory store: ETags are random, a first-write to an existing key is a conflict, transactions are all or nothing.</summary>
    Sqlite,

    /// <summary>Redis: ETags are integers; a key ever written first-write rejects writes without an ETag; transactions are not rolled back; a save without a time to live keeps the old one.</summary>
    Redis,

    /// <summary>PostgreSQL v2: like SQLite, but a first-write to an existing key is an error (500), not a conflict.</summary>
    PostgreSql,
}

/// <summary>The rules of other brokers, stores and versions of daprd.</summary>
public static class Imitations
{
    /// <summary>Returns the default version for a broker.</summary>
    public static DaprVersion VersionOf(BrokerProfile broker) => broker == BrokerProfile.Redis116 ? DaprVersion.V116 : DaprVersion.V118;

    /// <summary>Creates rules for a sidecar.</summary>
    /// <param name="broker">The broker whose delivery rules to follow.</param>
    /// <param name="store">The store whose concurrency rules to follow.</param>
    /// <param name="version">The daprd version; null for the broker's default.</param>
    /// <param name="countsRefused">Whether refused connections count as failures, and delivery continues while nothing listens.</param>
    public static SidecarRules Of(BrokerProfile broker, StoreProfile store = StoreProfile.Sqlite, DaprVersion? version = null, bool countsRefused = false) =>
        new Rules(broker, store, version ?? VersionOf(broker), countsRefused);

    private sealed class Rules(BrokerProfile broker, StoreProfile store, DaprVersion version, bool countsRefused) : SidecarRules
    {
        private bool IsRedis => broker is BrokerProfile.Redis116 or BrokerProfile.Redis118;

        internal override bool KeepsUnclaimed => broker != BrokerProfile.RabbitMq;

        internal override bool CountsRefused => countsRefused || IsRedis || broker == BrokerProfile.RabbitMq;

        internal override bool WatchesPort => !countsRefused;

        // RabbitMQ expires messages itself.
        internal override bool WritesExpiration => broker != BrokerProfile.RabbitMq;

        internal override bool TakesSubject => version == DaprVersion.V118;

        internal override bool HasBulkPublish => version == DaprVersion.V118;

        internal override TraceContext NoTrace => version == DaprVersion.V116 ? TraceContext.Zeros : base.NoTrace;

        internal override string RuntimeVersion => version == DaprVersion.V116 ? "1.16.4-local" : base.RuntimeVersion;

        internal override Reply NotFound => version == DaprVersion.V116 ? Reply.Unknown : base.NotFound;

        // Redis expires keys, but responses do not show it.
        internal override bool TellsExpiry => store != StoreProfile.Redis;

        internal override int MaxDeliveries(Component component) => broker switch
        {
            BrokerProfile.ServiceBus => component.Number("maxDeliveryCount", 10),
            BrokerProfile.Local => base.MaxDeliveries(component),
            _ => int.MaxValue,
        };

        internal override TimeSpan? ClaimTime(Component component) => broker is BrokerProfile.ServiceBus or BrokerProfile.RabbitMq ? null : base.ClaimTime(component);

        internal override TimeSpan? AbandonTime(Component component) => broker switch
        {
            BrokerProfile.ServiceBus => TimeSpan.FromSeconds(component.Number("lockDurationInSec", 30)),
            BrokerProfile.RabbitMq => TimeSpan.Zero,
            _ => null,
        };

        internal override Failure OfFailure(Component component, int deliveries, TimeSpan elapsed) => broker switch
        {
            BrokerProfile.ServiceBus => deliveries >= MaxDeliveries(component) ? Failure.Lost : Failure.Again,
            BrokerProfile.RabbitMq => component.Metadata.GetValueOrDefault("requeueInFailure") is "true" ? Failure.Again : Failure.Lost,
            // After the processing timeout the handler's context is cancelled, so its event is not acknowledged.
            BrokerProfile.Redis118 when ClaimTime(component) is null || elapsed < component.Time("processingTimeout", Component.DefaultProcessingTimeout) => Failure.Lost,
            _ => Failure.Pending,
        };

        internal override void AddHeaders(HttpRequestHeaders headers, Pending pending, StoredMessage message)
        {
            if (broker == BrokerProfile.RabbitMq)
            {
                return;
            }

            base.AddHeaders(headers, pending, message);
            if (broker == BrokerProfile.ServiceBus)
            {
                var number = pending.Message.ToString(CultureInfo.InvariantCulture);
                headers.Add("metadata.MessageId", number);
                headers.Add("metadata.SequenceNumber", number);
                headers.Add("metadata.DeliveryCount", pending.Count.ToString(CultureInfo.InvariantCulture));
                headers.Add("metadata.EnqueuedTimeUtc", CloudEvents.Rfc3339(DateTimeOffset.FromUnixTimeMilliseconds(message.Enqueued)));
                headers.Add("metadata.LockToken", Guid.NewGuid().ToString());
            }
        }

        internal override StateOutcome Apply(Session session, string name, StateWrite write, long now)
        {
            if (store == StoreProfile.Redis)
            {
                return RedisState.Apply(session, name, write, now, marksFirstWrite: true);
            }

            var outcome = base.Apply(session, name, write, now);
            return outcome == StateOutcome.Mismatch && store == StoreProfile.PostgreSql && write is { Value: not null, ETag: null } ? StateOutcome.Failed : outcome;
        }

        internal override StateOutcome ApplyAll(Session session, string name, IReadOnlyList<StateWrite> writes, long now) =>
            store == StoreProfile.Redis ? RedisState.Transact(session, name, writes, now) : base.ApplyAll(session, name, writes, now);
    }
}
