using System.Globalization;
using System.Net.Http.Headers;

namespace LocalDapr.Faults;

/// <summary>The broker whose rules of delivery a sidecar follows.</summary>
public enum BrokerProfile
{
    /// <summary>The local sidecar's own: what failed comes again at the end of its claim time, and nothing is lost.</summary>
    Local,

    /// <summary>Azure Service Bus topics: a failed event comes again at once, up to <c>maxDeliveryCount</c> (10) deliveries; deliveries carry <c>metadata.DeliveryCount</c> and its like.</summary>
    ServiceBus,

    /// <summary>Redis streams under daprd 1.17 and newer: an event that failed after the retry policy is acknowledged all the same and so lost, unless the subscription has a dead-letter topic.</summary>
    Redis118,

    /// <summary>Redis streams under daprd up to 1.16: an event that failed stays pending and comes again once it was idle for <c>processingTimeout</c> (60 s), looked for every <c>redeliverInterval</c> (15 s), without end.</summary>
    Redis116,

    /// <summary>RabbitMQ: an event that failed is queued again where the component says <c>requeueInFailure</c>, and is lost otherwise; what is published before the first subscription ever is lost, since no queue is there yet.</summary>
    RabbitMq,
}

/// <summary>The daprd whose rules are followed, where its versions differ.</summary>
public enum DaprVersion
{
    /// <summary>1.17 and newer: what <c>dapr init</c> installs.</summary>
    V118,

    /// <summary>Up to 1.16: what Azure Container Apps runs. It has bulk publish at v1.0-alpha1 only, writes a trace of zeros where there is none, takes no subject from the query, and an app's 404 ends an event without a dead letter.</summary>
    V116,
}

/// <summary>The state store whose rules of concurrency a sidecar follows.</summary>
public enum StoreProfile
{
    /// <summary>SQLite, and alike daprd's in-memory store: ETags are random, a first write to a key that exists is a conflict, transactions are all or nothing.</summary>
    Sqlite,

    /// <summary>Redis: ETags are whole numbers; a key that was ever written first-write takes no write without an ETag; transactions are not rolled back; a save without a time to live keeps the old one.</summary>
    Redis,

    /// <summary>PostgreSQL v2: as SQLite, but a first write to a key that exists is an error (500) and no conflict.</summary>
    PostgreSql,
}

/// <summary>The rules of other brokers, stores and versions of daprd.</summary>
public static class Imitations
{
    /// <summary>The version that goes with a broker where none is named.</summary>
    public static DaprVersion VersionOf(BrokerProfile broker) => broker == BrokerProfile.Redis116 ? DaprVersion.V116 : DaprVersion.V118;

    /// <summary>Rules for a sidecar.</summary>
    /// <param name="broker">Whose rules of delivery.</param>
    /// <param name="store">Whose rules of concurrency.</param>
    /// <param name="version">Null: that of the broker.</param>
    /// <param name="countsRefused">Whether a connection that an app refuses is a failure, and its events are not kept back while nothing listens.</param>
    public static SidecarRules Of(BrokerProfile broker, StoreProfile store = StoreProfile.Sqlite, DaprVersion? version = null, bool countsRefused = false) =>
        new Rules(broker, store, version ?? VersionOf(broker), countsRefused);

    private sealed class Rules(BrokerProfile broker, StoreProfile store, DaprVersion version, bool countsRefused) : SidecarRules
    {
        private bool IsRedis => broker is BrokerProfile.Redis116 or BrokerProfile.Redis118;

        internal override bool KeepsUnclaimed => broker != BrokerProfile.RabbitMq;

        internal override bool CountsRefused => countsRefused || IsRedis || broker == BrokerProfile.RabbitMq;

        internal override bool WatchesPort => !countsRefused;

        // RabbitMQ ends a message's life itself.
        internal override bool WritesExpiration => broker != BrokerProfile.RabbitMq;

        internal override bool TakesSubject => version == DaprVersion.V118;

        internal override bool HasBulkPublish => version == DaprVersion.V118;

        internal override TraceContext NoTrace => version == DaprVersion.V116 ? TraceContext.Zeros : base.NoTrace;

        internal override string RuntimeVersion => version == DaprVersion.V116 ? "1.16.4-local" : base.RuntimeVersion;

        internal override Reply NotFound => version == DaprVersion.V116 ? Reply.Unknown : base.NotFound;

        // Redis has an expiry, but tells nobody.
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
            // A handler that was beyond its time finds its context over, and its event is not acknowledged.
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
