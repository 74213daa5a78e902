namespace LocalDapr;

/// <summary>The broker whose rules of delivery the embedded one follows, for every <c>pubsub.*</c> component.</summary>
public enum BrokerProfile
{
    /// <summary>Azure Service Bus topics: a failed event comes again at once, up to <c>maxDeliveryCount</c> (10) deliveries; deliveries carry <c>metadata.DeliveryCount</c> and its like.</summary>
    ServiceBus,

    /// <summary>Redis streams under daprd 1.17 and newer: an event that failed after the retry policy is acknowledged all the same and so lost, unless the subscription has a dead letter topic.</summary>
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

/// <summary>The state store whose rules of concurrency the embedded one follows, for every <c>state.*</c> component.</summary>
public enum StoreProfile
{
    /// <summary>SQLite, and alike daprd's in-memory store: ETags are random, a first write to a key that exists is a conflict, transactions are all or nothing.</summary>
    Sqlite,

    /// <summary>Redis: ETags are whole numbers; a key that was ever written first-write takes no write without an ETag; transactions are not rolled back; a save without a time to live keeps the old one.</summary>
    Redis,

    /// <summary>PostgreSQL v2: as SQLite, but a first write to a key that exists is an error (500) and no conflict.</summary>
    PostgreSql,
}
