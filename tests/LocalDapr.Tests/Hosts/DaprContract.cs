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
        new("none-01", "Routing rules: the first CEL expression that matches the envelope chooses the path, and without a match the event is dropped", "one route a topic is all the apps use; the default route is served, and a rule is warned about"),
        new("none-02", "Bulk subscribe: several events in one delivery, each with a status of its own", "the apps handle one event at a time"),
        new("none-03", "App health checks (--enable-app-health-check): an unhealthy app's subscriptions stop", "not to be had in Azure Container Apps, so nothing may depend on them; a port that nobody listens on has the same effect here unless refused connections count"),
        new("none-04", "ERR_STATE_STORE_TOO_MANY_TRANSACTIONS, and transactions that a store does not support", "only Cosmos DB limits them, and every store here supports them"),
        new("none-05", "ERR_OUTBOUND_HEALTH_NOT_READY before the API is ready", "the local sidecar listens only once it is ready"),
        new("none-06", "A bulk publish that fails in part names the entries that failed", "all entries are stored in one commit: either all fail (err-pub-10) or none"),
        new("none-07", "Service Bus: MessageId, SessionId, PartitionKey, Label and ScheduledEnqueueTimeUtc of the request become properties of the message; duplicate detection and sessions", "properties of that broker; the apps use none of them"),
        new("none-08", "pubsub.in-memory: one event of a topic at a time and what fails is lost, a publish blocks while the last event of its topic is handled, wildcard topics, and an event nobody subscribed to is gone", "it would need a broker that several processes cannot share anyway"),
        new("none-09", "Cosmos DB: partition keys, at most 100 operations, 412 as a conflict, an ETag on a missing key inserts", "the local store has no partitions; the portable rules are state-13 and state-03"),
        new("none-10", "consistency strong waits for Redis's replicas", "there are none; the word is accepted (state-01, state-04)"),
        new("none-11", "Graceful shutdown: deliveries under way have until --dapr-graceful-shutdown-seconds", "not to be seen over HTTP; RestartTests shows it of the local sidecar"),
        new("none-12", "The state query API", "alpha, and of no store that the apps are meant for; err-state-08 shows the refusal"),
        new("none-13", "keyPrefix namespace", "self-hosted Dapr has no namespaces; it counts as appid"),
        new("none-14", "A connection that the app refuses is a failure that uses up the tries of the retry policy", "an app that is started anew while somebody works on it would lose events; tests imitate it, and RefusedTests shows it"),
        new("none-15", "A number beyond the digits of a double loses them in a value saved over HTTP, and half a surrogate pair becomes U+FFFD", "values are stored as they were sent, as over gRPC"),
    ];

    private const string BrokersAndStores = """

        ## Brokers and stores

        What FindMe needs of its broker and its store, and how each gives it. `components` is for Redis, `components/rabbitmq-postgresql` for RabbitMQ and
        PostgreSQL, `infra` for Service Bus and PostgreSQL; a test compares their numbers.

        | of the broker | Redis Streams | RabbitMQ | Service Bus topics | local sidecar |
        |---|---|---|---|---|
        | at least once | an event is pending until it is acknowledged | durable queues, persistent messages, publisher confirms | a message is locked until it is completed | an event is in the file until it is settled |
        | what a dead consumer held | after `processingTimeout`, 30 s, and up to one look, 5 s | at once | after the lock, 30 s | as Redis; at once where the connection to the app broke |
        | events held by a replica | `concurrency` 4 and `queueDepth` 4 | `prefetchCount` 4 of each topic | `maxActiveMessages` 4 | as its component says |
        | an event that fails | Dapr's dead-letter topic | the same | the same; after 10 deliveries the broker forwards it there | the same |
        | a failure without dead letter (no topic of FindMe is without) | lost from 1.17 on | `requeueInFailure`: queued again | delivered again, 10 times | delivered again after the claim time, without end |
        | published before the first subscription ever | waits | **lost**: there is no queue yet. FindMe asks for it again ([time budget](time-budget.md)) | waits: Bicep makes the subscriptions | waits |
        | made beforehand | nothing | nothing | topics and subscriptions (`disableEntityManagement`) | nothing |
        | bulk publish | Dapr publishes one by one | Dapr publishes one by one | batches of the broker | one commit |
        | time to live of an event (FindMe sets none) | in the envelope, by Dapr | by the broker | by the broker | in the envelope |
        | bound of what waits | `maxLenApprox`, 100,000 events | `ttlInSeconds`, 30 days | `defaultMessageTimeToLive`, a day | 30 days |
        | run | daprd 1.16.4 and 1.18.1, Redis 7.0: searches and faults, with claim times of 15, 45 and 900 s; not yet with 30 s | RabbitMQ 3.10: searches and faults, with components of that run; not yet with these files | **not run** | with every `./check` |

        | of the store | Redis | PostgreSQL (v2) | SQLite (local sidecar) |
        |---|---|---|---|
        | create only where nothing is (first-write) | 500 where something is, of keys that are never written without an ETag: so are those of FindMe | 500 where something is | 409 where something is |
        | a stale ETag | 409 | 409 | 409 |
        | several keys in one request | yes | yes | yes |
        | time to live | kept by a save that names none: each of FindMe names one | deleted every `cleanupInterval` | deleted within two minutes |
        | one key for all apps | `keyPrefix: none` | `keyPrefix: none` | `keyPrefix: none` |
        | transactions | not needed | not needed | not needed |
        | made beforehand | nothing | the database; Dapr makes its tables | nothing |
        | run | Redis 7.0, daprd 1.16.4 and 1.18.1 | PostgreSQL 15: searches and faults, with components of that run; not yet with these files, and not on Azure | with every `./check` |

        Since two stores answer 500 where somebody else has created a document, `StateUpdates.CreateOrUpdateStateAsync` reads again after one, and learns so
        whether that was the reason. `StateUpdatesTests` shows it with the answer of each store.

        A search under faults (apps and sidecars killed, a scale-in, the broker gone) runs on the local sidecar, and on a real Dapr with either folder:

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

            Written by `dotnet run --project tests/LocalDapr.Tests -c Release -- {Verb}` from the cases in `tests/LocalDapr.Tests/Conformance`; a test fails
            when it is out of date. Each case runs against the local sidecar with every `./check`, under the rules of each broker, store and version of daprd, and
            against a real daprd when told where one is: [the sidecar's README](../tools/LocalDapr/README.md) has the commands. The sources are those of
            dapr/dapr v1.18.3 and components-contrib v1.18.4, and v1.16.4 where it differs. Where brokers or stores differ, "of" names the one whose rule it is;
            a run against another reports the case as skipped.

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

            Rules that the local sidecar leaves out, so that no case can show them.

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
