using System.Globalization;
using System.Reflection;
using System.Text;

namespace LocalDapr.Tests;

/// <summary>A rule of the contract that the local sidecar does not implement.</summary>
/// <param name="Id">The rule's id, like that of a case.</param>
/// <param name="Rule">The rule.</param>
/// <param name="Reason">Why it is not implemented.</param>
internal sealed record NotServed(string Id, string Rule, string Reason);

/// <summary>Generates docs/dapr-contract.md from the conformance cases.</summary>
internal static class DaprContract
{
    public const string Verb = "--write-contract";

    private static readonly NotServed[] Missing =
    [
        new("none-01", "Routing rules: the first CEL expression that matches the envelope selects the path; without a match the event is dropped", "the apps use one route per topic; the default route is served, and a rule is logged as a warning"),
        new("none-02", "Bulk subscribe: several events in one delivery, each with its own status", "the apps handle one event at a time"),
        new("none-03", "App health checks (--enable-app-health-check): the subscriptions of an unhealthy app stop", "Azure Container Apps does not support them, so nothing can depend on them; here, a port on which nothing listens has the same effect unless refused connections count"),
        new("none-04", "ERR_STATE_STORE_TOO_MANY_TRANSACTIONS, and stores without transactions", "only Cosmos DB limits them, and every store here supports them"),
        new("none-05", "ERR_OUTBOUND_HEALTH_NOT_READY before the API is ready", "the local sidecar listens only once it is ready"),
        new("none-06", "A bulk publish that fails partially names the failed entries", "all entries are stored in one commit: either all fail (err-pub-10) or none"),
        new("none-07", "Service Bus: MessageId, SessionId, PartitionKey, Label and ScheduledEnqueueTimeUtc of the request become properties of the message; duplicate detection and sessions", "properties of that broker; the apps use none of them"),
        new("none-08", "pubsub.in-memory: one event per topic at a time, failed events are lost, a publish blocks while the last event of its topic is handled, wildcard topics, and events without a subscriber are lost", "several processes cannot share this broker"),
        new("none-09", "Cosmos DB: partition keys, at most 100 operations, 412 as a conflict, an ETag on a missing key inserts", "the local store has no partitions; the portable rules are state-13 and state-03"),
        new("none-10", "consistency strong waits for Redis's replicas", "there are no replicas; the option is accepted (state-01, state-04)"),
        new("none-11", "Graceful shutdown: deliveries in progress have until --dapr-graceful-shutdown-seconds", "not visible over HTTP; RestartTests tests it for the local sidecar"),
        new("none-12", "The state query API", "alpha, and not supported by any store that the apps use; err-state-08 tests the refusal"),
        new("none-13", "keyPrefix namespace", "self-hosted Dapr has no namespaces; it is treated as appid"),
        new("none-14", "A connection refused by the app is a failure that uses up the attempts of the retry policy", "restarting an app during development would lose events; tests imitate the rule, and RefusedTests tests it"),
        new("none-15", "In a value saved over HTTP, numbers are rounded to double precision, and half a surrogate pair becomes U+FFFD", "values are stored as sent, as over gRPC"),
    ];

    private const string BrokersAndStores = """

        ## Brokers and stores

        What FindMe needs from its broker and its store, and how each provides it. `components` is for Redis, `components/rabbitmq-postgresql` for RabbitMQ
        and PostgreSQL, `infra` for Service Bus and PostgreSQL; a test compares their numbers.

        | the broker | Redis Streams | RabbitMQ | Service Bus topics | local sidecar |
        |---|---|---|---|---|
        | at least once | an event is pending until it is acknowledged | durable queues, persistent messages, publisher confirms | a message is locked until it is completed | an event stays in the file until it is settled |
        | redelivers the events of a dead consumer | after `processingTimeout`, 30 s, plus up to one poll, 5 s | at once | after the lock, 30 s | as Redis; at once if the connection to the app broke |
        | events held by a replica | `concurrency` 4 and `queueDepth` 4 | `prefetchCount` 4 per topic | `maxActiveMessages` 4 | as its component file says |
        | an event that fails | Dapr's dead-letter topic | the same | the same; after 10 deliveries the broker forwards it there | the same |
        | a failure without a dead-letter topic (all topics of FindMe have one) | lost from 1.17 on | `requeueInFailure`: queued again | redelivered, 10 times | redelivered after the claim time, without a limit |
        | published before the first subscription | waits | **lost**: there is no queue yet. FindMe requests it again ([time budget](time-budget.md)) | waits: Bicep creates the subscriptions | waits |
        | created in advance | nothing | nothing | topics and subscriptions (`disableEntityManagement`) | nothing |
        | bulk publish | Dapr publishes one by one | Dapr publishes one by one | in batches | one commit |
        | time to live of an event (FindMe sets none) | in the envelope, by Dapr | by the broker | by the broker | in the envelope |
        | limit of waiting events | `maxLenApprox`, 100,000 events | `ttlInSeconds`, 30 days | `defaultMessageTimeToLive`, a day | 30 days |
        | tested | daprd 1.16.4 and 1.18.1, Redis 7.0: searches and faults, with claim times of 15, 45 and 900 s; not yet with 30 s | RabbitMQ 3.10: searches and faults, with other component files; not yet with these | **not run** | with every `./check` |

        | the store | Redis | PostgreSQL (v2) | SQLite (local sidecar) |
        |---|---|---|---|
        | create only if the key is missing (first-write) | 500 if the key exists and is never written without an ETag, as with all keys of FindMe | 500 if the key exists | 409 if the key exists |
        | a stale ETag | 409 | 409 | 409 |
        | several keys in one request | yes | yes | yes |
        | time to live | kept by a save that sets none; FindMe always sets one | deleted every `cleanupInterval` | deleted within two minutes |
        | one key for all apps | `keyPrefix: none` | `keyPrefix: none` | `keyPrefix: none` |
        | transactions | not needed | not needed | not needed |
        | created in advance | nothing | the database; Dapr creates its tables | nothing |
        | tested | Redis 7.0, daprd 1.16.4 and 1.18.1 | PostgreSQL 15: searches and faults, with other component files; not yet with these, and not on Azure | with every `./check` |

        Two stores answer 500 if another process has created the document meanwhile. After a 500, `StateUpdates.CreateOrUpdateStateAsync` therefore reads
        again to learn whether that was the reason. `StateUpdatesTests` tests this with the answer of each store.

        A search under faults (apps and sidecars killed, a scale-in, the broker unavailable) runs with the local sidecar, and with a real Dapr and either folder:

        ```sh
        dotnet run --project bench/FindMe.Load -c Release -- faults
        dotnet run --project bench/FindMe.Load -c Release -- faults --daprd ~/.dapr/bin/daprd --components components \
            --broker-stop "docker stop redis" --broker-start "docker start redis"
        ```

        """;

    public static string FilePath { get; } = Path.Combine(LocalDaprCommand.Repository, "docs", "dapr-contract.md");

    public static IReadOnlyList<string> Ids =>
        [.. Cases().Select(found => found.Case.Id), .. Missing.Select(missing => missing.Id)];

    public static int Write()
    {
        File.WriteAllText(FilePath, Text());
        Console.WriteLine(FilePath);
        return 0;
    }

    public static string Text()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"""
            # Dapr's contract, case by case

            Generated by `dotnet run --project tests/LocalDapr.Tests -c Release -- {Verb}` from the cases in `tests/LocalDapr.Tests/Conformance`; a test fails
            if it is out of date. `./check` runs each case against the local sidecar, under the rules of each broker, store and version of daprd. The cases can
            also run against a real daprd; [the sidecar's README](../tools/LocalDapr/README.md) has the commands. The sources are those of dapr/dapr v1.18.3 and
            components-contrib v1.18.4, and v1.16.4 where it differs. If brokers or stores differ, "of" names those that have the rule; a run against another one
            reports the case as skipped.

            | id | rule | of | over | source |
            |---|---|---|---|---|

            """);
        foreach (var (method, found) in Cases())
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"| {found.Id} | {Sentence(method.Name)} | {(found.Profile.Length > 0 ? found.Profile : "all")} | {TransportOf(method.DeclaringType!)} | {found.Source} |\n");
        }

        text.Append("""

            ## Not served

            Rules that the local sidecar does not implement, so no case tests them.

            | id | rule | why not |
            |---|---|---|

            """);
        foreach (var missing in Missing)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {missing.Id} | {missing.Rule} | {missing.Reason} |\n");
        }

        text.Append(BrokersAndStores);
        return text.ToString();
    }

    private static IEnumerable<(MethodInfo Method, ConformanceAttribute Case)> Cases() => typeof(DaprContract).Assembly.GetTypes()
        .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly))
        .Select(method => (Method: method, Case: method.GetCustomAttribute<ConformanceAttribute>()!))
        .Where(found => found.Case is not null)
        .OrderBy(found => found.Case.Id, StringComparer.Ordinal);

    // How the events reach the app is a matter of neither.
    private static string TransportOf(Type cases) => cases == typeof(Conformance.DaprClientTests) ? "gRPC, by Dapr.Client"
        : cases.Name.StartsWith("Http", StringComparison.Ordinal) ? "HTTP"
        : cases.Assembly.GetTypes().Any(type => type.BaseType == cases && type.GetCustomAttribute<OverGrpcAttribute>() is not null) ? "HTTP, gRPC"
        : "";

    private static string Sentence(string name) => name.Replace('_', ' ');
}
