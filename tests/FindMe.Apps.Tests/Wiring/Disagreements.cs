using System.Text.RegularExpressions;
using FindMe.Pipeline;

namespace FindMe.Apps.Tests.Wiring;

/// <summary>Finds where the code, dapr.yaml, components/ and infra/ do not say the same.</summary>
internal static class Disagreements
{
    // Where a Bicep module takes a name or a number from wiring.yaml: file, property, expression.
    private static readonly (string File, string Property, string Expression)[] BicepTakes =
    [
        ("infra/main.bicep", "appId", "wiring.apps[0]"),
        ("infra/main.bicep", "appId", "wiring.apps[1]"),
        ("infra/main.bicep", "appId", "wiring.apps[2]"),
        ("infra/modules/servicebus.bicep", "name", "topic"),
        ("infra/modules/servicebus.bicep", "name", "subscription.app"),
        ("infra/modules/servicebus.bicep", "maxDeliveryCount", "wiring.delivery.maxDeliveries"),
        ("infra/modules/servicebus.bicep", "lockDuration", "'PT${wiring.delivery.claimSeconds}S'"),
        ("infra/modules/servicebus.bicep", "forwardDeadLetteredMessagesTo", "subscription.deadLetterTopic == subscription.topic\n        ? null\n        : subscription.deadLetterTopic"),
        ("infra/modules/environment.bicep", "name", "wiring.pubsub"),
        ("infra/modules/environment.bicep", "name", "wiring.statestore"),
        ("infra/modules/environment.bicep", "scopes", "wiring.apps"),
        ("infra/modules/environment.bicep", "maxActiveMessages", "string(wiring.delivery.eventsPerReplica)"),
        ("infra/modules/environment.bicep", "maxConcurrentHandlers", "string(wiring.delivery.concurrency)"),
        ("infra/modules/environment.bicep", "handlerTimeoutInSec", "string(wiring.delivery.triesSeconds)"),
        ("infra/modules/environment.bicep", "disableEntityManagement", "'true'"),
        ("infra/modules/environment.bicep", "keyPrefix", "'none'"),
        ("infra/modules/environment.bicep", "maxRetries", "wiring.delivery.retries"),
        ("infra/modules/environment.bicep", "initialDelayInMilliseconds", "wiring.delivery.retryWaitSeconds * 1000"),
        ("infra/modules/environment.bicep", "maxIntervalInMilliseconds", "wiring.delivery.retryWaitSeconds * 1000"),
        ("infra/modules/app.bicep", "topicName", "subscription.topic"),
        ("infra/modules/app.bicep", "subscriptionName", "appId"),
        ("infra/modules/app.bicep", "messageCount", "string(wiring.delivery.eventsPerReplica)"),
        ("infra/modules/app.bicep", "minReplicas", "minReplicas"),
    ];

    /// <summary>Every disagreement, a sentence each; none when all agree.</summary>
    public static IReadOnlyList<string> Of(WiringFiles files, IReadOnlyList<ServedSubscription> served) =>
        [.. OfCode(files, served), .. OfRunFile(files), .. OfComponents(files), .. OfBicep(files), .. OfServices(files)];

    private static IEnumerable<string> OfCode(WiringFiles files, IReadOnlyList<ServedSubscription> served)
    {
        var pubsub = WiringFiles.Text(files.Azure, "pubsub");
        var inCode = served.Select(entry => $"{entry.App} takes {entry.Topic} of {entry.PubSubName}, dead ones to '{entry.DeadLetterTopic}'").ToHashSet();
        var inAzure = WiringFiles.Items(files.Azure, "subscriptions")
            .Select(entry => $"{WiringFiles.Text(entry, "app")} takes {WiringFiles.Text(entry, "topic")} of {pubsub}, dead ones to '{WiringFiles.Text(entry, "deadLetterTopic")}'")
            .ToList();
        var topics = WiringFiles.Items(files.Azure, "subscriptions").Select(entry => WiringFiles.Text(entry, "topic")).ToList();

        foreach (var missing in inCode.Except(inAzure))
        {
            yield return $"subscription: the code says {missing}; infra/wiring.yaml does not";
        }

        foreach (var extra in inAzure.Except(inCode))
        {
            yield return $"subscription: infra/wiring.yaml says {extra}; the code does not";
        }

        // servicebus.bicep makes one topic for each line.
        if (topics.Distinct().Count() != topics.Count)
        {
            yield return "topic: infra/wiring.yaml names one twice";
        }

        foreach (var entry in served.Where(entry => entry.DeadLetterTopic is { } dead && !topics.Contains(dead)))
        {
            yield return $"dead letter: nobody takes {entry.DeadLetterTopic}";
        }

        foreach (var (what, code, azure) in new[]
        {
            ("component", Topics.PubSub, pubsub), ("component", StateKeys.Store, WiringFiles.Text(files.Azure, "statestore")),
        })
        {
            if (code != azure)
            {
                yield return $"{what}: the code says {code}, infra/wiring.yaml {azure}";
            }
        }
    }

    private static IEnumerable<string> OfRunFile(WiringFiles files)
    {
        var apps = Names(WiringFiles.Items(files.Azure, "apps"));
        if (!apps.SequenceEqual(files.Run.Apps.Select(app => app.AppId)))
        {
            yield return $"app id: dapr.yaml has {string.Join(' ', files.Run.Apps.Select(app => app.AppId))}, infra/wiring.yaml {string.Join(' ', apps)}";
        }

        foreach (var app in files.Run.Apps)
        {
            var addresses = app.Environment.GetValueOrDefault("ASPNETCORE_URLS", "").Split(';');
            // The last one is Dapr's.
            if (new Uri(addresses[^1]).Port != app.AppPort)
            {
                yield return $"port: dapr.yaml calls {app.AppId} on {app.AppPort}, and it listens on {string.Join(' ', addresses)}";
            }

            var ports = addresses.Length;
            if (ports != (app.AppId == "findme-api" ? 2 : 1))
            {
                yield return $"port: dapr.yaml gives {app.AppId} {ports}; the app with the page has one more for Dapr alone";
            }
        }

        foreach (var twice in files.Run.Apps.SelectMany(app => new[] { app.AppPort, app.DaprHttpPort }).GroupBy(port => port).Where(port => port.Count() > 1))
        {
            yield return $"port: dapr.yaml gives {twice.Key} away twice";
        }

        string Common(string setting) => WiringFiles.Text(files.RunYaml, "common", setting);
        if ((Common("enableAppHealthCheck"), Common("appHealthCheckPath")) != ("true", "/healthz"))
        {
            yield return "health: dapr.yaml does not have the apps probed at /healthz";
        }

        // Milliseconds for one, seconds for the other.
        var unseen = (int.Parse(Common("appHealthThreshold")) * int.Parse(Common("appHealthProbeInterval"))) + (int.Parse(Common("appHealthProbeTimeout")) / 1000);
        if (unseen >= Number(files, "retries") * Number(files, "retryWaitSeconds"))
        {
            yield return $"health: an app that is down is seen after {unseen} s, when the tries of a delivery are used up";
        }

        if (WiringFiles.Text(files.Azure, "webPort") == WiringFiles.Text(files.Azure, "daprPort"))
        {
            yield return "port: infra/wiring.yaml lets ingress reach Dapr's port";
        }
    }

    private static IEnumerable<string> OfComponents(WiringFiles files)
    {
        foreach (var disagreement in OfFolder(files, files.Redis).Concat(OfFolder(files, files.RabbitMq)).Concat(OfRabbitMq(files)))
        {
            yield return disagreement;
        }

        foreach (var (what, inComponents, inAzure) in new[]
        {
            ("concurrency", WiringFiles.Metadata(files.Redis.PubSub, "concurrency"), Delivery(files, "concurrency")),
            ("claim", WiringFiles.Metadata(files.Redis.PubSub, "processingTimeout"), Delivery(files, "claimSeconds") + "s"),
        })
        {
            if (inComponents != inAzure)
            {
                yield return $"{what}: components/ say {inComponents}, Azure {inAzure}";
            }
        }

        var tries = Number(files, "retries") + 1;
        var worst = (tries * Number(files, "timeoutSeconds")) + (Number(files, "retries") * Number(files, "retryWaitSeconds"));
        if (worst >= Number(files, "triesSeconds"))
        {
            yield return $"retry: the tries of one delivery can take {worst} s, more than Service Bus waits";
        }

        // A duration is ignored by every released Redis component.
        if (!int.TryParse(WiringFiles.Metadata(files.Redis.PubSub, "redeliverInterval"), out var interval) || interval is < 1000 or > 5000)
        {
            yield return "claim: components/pubsub.yaml's redeliverInterval is no number of milliseconds from 1000 to 5000";
        }

        foreach (var (what, inCode, inFile) in new[]
        {
            ("timeout", TimeBudget.Delivery, Number(files, "timeoutSeconds")), ("claim", TimeBudget.Claim, Number(files, "claimSeconds")),
        })
        {
            if (inCode != TimeSpan.FromSeconds(inFile))
            {
                yield return $"{what}: TimeBudget says {inCode}, infra/wiring.yaml {inFile} s";
            }
        }

        // Below ten, replicas that are scaled in use up the deliveries of good photos.
        if (Number(files, "maxDeliveries") < 10)
        {
            yield return "maxDeliveryCount: fewer than ten deliveries";
        }

        if (Number(files, "eventsPerReplica") < Number(files, "concurrency"))
        {
            yield return "maxActiveMessages: a replica holds fewer events than it handles at a time";
        }
    }

    private static IEnumerable<string> OfFolder(WiringFiles files, ComponentFiles components)
    {
        var apps = Names(WiringFiles.Items(files.Azure, "apps"));
        foreach (var (file, component, name) in new[]
        {
            ("pubsub.yaml", components.PubSub, WiringFiles.Text(files.Azure, "pubsub")),
            ("statestore.yaml", components.StateStore, WiringFiles.Text(files.Azure, "statestore")),
            ("resiliency.yaml", components.Resiliency, "findme"),
        })
        {
            if (WiringFiles.Text(component, "metadata", "name") != name)
            {
                yield return $"component: {components.Folder}/{file} is named {WiringFiles.Text(component, "metadata", "name")}, not {name}";
            }

            if (!apps.SequenceEqual(Names(WiringFiles.Items(component, "scopes"))))
            {
                yield return $"app id: the scopes of {components.Folder}/{file} are not the apps";
            }
        }

        string[] deliver = ["spec", "policies", "retries", "deliver"];
        foreach (var (what, inComponents, inAzure) in new[]
        {
            ("key prefix", WiringFiles.Metadata(components.StateStore, "keyPrefix"), "none"),
            ("timeout", WiringFiles.Text(components.Resiliency, "spec", "policies", "timeouts", "handler"), Delivery(files, "timeoutSeconds") + "s"),
            ("retry", WiringFiles.Text(components.Resiliency, [.. deliver, "maxRetries"]), Delivery(files, "retries")),
            ("retry", WiringFiles.Text(components.Resiliency, [.. deliver, "policy"]), "constant"),
            ("retry", WiringFiles.Text(components.Resiliency, [.. deliver, "duration"]), Delivery(files, "retryWaitSeconds") + "s"),
            ("retry", WiringFiles.Text(components.Resiliency, "spec", "targets", "components", Topics.PubSub, "inbound", "retry"), "deliver"),
            ("timeout", WiringFiles.Text(components.Resiliency, "spec", "targets", "components", Topics.PubSub, "inbound", "timeout"), "handler"),
        })
        {
            if (inComponents != inAzure)
            {
                yield return $"{what}: {components.Folder} says {inComponents}, Azure {inAzure}";
            }
        }
    }

    private static IEnumerable<string> OfRabbitMq(WiringFiles files)
    {
        var (pubsub, store) = (files.RabbitMq.PubSub, files.RabbitMq.StateStore);
        foreach (var (what, said, wanted) in new[]
        {
            ("concurrency", WiringFiles.Metadata(pubsub, "prefetchCount"), Delivery(files, "concurrency")),
            ("durable", WiringFiles.Metadata(pubsub, "durable"), "true"),
            ("durable", WiringFiles.Metadata(pubsub, "deliveryMode"), "2"),
            ("durable", WiringFiles.Metadata(pubsub, "publisherConfirm"), "true"),
            ("deletedWhenUnused", WiringFiles.Metadata(pubsub, "deletedWhenUnused"), "false"),
            ("requeueInFailure", WiringFiles.Metadata(pubsub, "requeueInFailure"), "true"),
            ("version", WiringFiles.Text(store, "spec", "version"), "v2"),
        })
        {
            if (said != wanted)
            {
                yield return $"{what}: components/rabbitmq-postgresql says {said}, not {wanted}";
            }
        }

        // Nothing of it differs today; where it must, name the difference here.
        if (!files.RabbitMq.Resiliency.Equals(files.Redis.Resiliency))
        {
            yield return "resiliency: the two folders of components do not say the same";
        }
    }

    private static IEnumerable<string> OfBicep(WiringFiles files)
    {
        foreach (var (file, property, expression) in BicepTakes)
        {
            // `property: expression`, or the `{ name: 'property', value: expression }` of a component's metadata.
            var plain = $@"\b{property}: {Regex.Escape(expression)}(?=\s*(\r?\n|[,}}]))";
            var metadata = $@"name: '{property}', value: {Regex.Escape(expression)} \}}";
            if (!Regex.IsMatch(files.Bicep[file], plain) && !Regex.IsMatch(files.Bicep[file], metadata))
            {
                yield return $"{property}: {file} does not set it to {expression}";
            }
        }

        var names = WiringFiles.Items(files.Azure, "subscriptions").Select(entry => WiringFiles.Text(entry, "topic")).Concat(Names(WiringFiles.Items(files.Azure, "apps")));
        foreach (var (file, text) in files.Bicep)
        {
            foreach (var name in names.Where(name => text.Contains($"'{name}'", StringComparison.Ordinal)))
            {
                yield return $"literal: {file} repeats {name}, which infra/wiring.yaml says";
            }
        }

        var app = files.Bicep["infra/modules/app.bicep"];
        foreach (var (what, expected) in new[]
        {
            ("ingress", "targetPort: wiring.webPort"),
            ("Dapr", "appPort: wiring.daprPort"),
            ("APP_PORT", "{ name: 'APP_PORT', value: string(wiring.daprPort) }"),
            ("probe", "var healthz = { path: '/healthz', port: wiring.daprPort }"),
            ("listening", "hasPage ? '${wiring.webPort};${wiring.daprPort}' : '${wiring.daprPort}'"),
            ("scale rule", "var ownSubscriptions = filter(wiring.subscriptions, subscription => subscription.app == appId)"),
        })
        {
            if (!app.Contains(expected, StringComparison.Ordinal))
            {
                yield return $"port or scale rule of {what}: infra/modules/app.bicep does not have {expected}";
            }
        }
    }

    private static IEnumerable<string> OfServices(WiringFiles files)
    {
        var main = files.Bicep["infra/main.bicep"];
        foreach (var app in Names(WiringFiles.Items(files.Azure, "apps")))
        {
            var service = app["findme-".Length..];
            if (!main.Contains($"service: '{service}'", StringComparison.Ordinal) || !main.Contains($"exists: {service}Exists", StringComparison.Ordinal))
            {
                yield return $"service: infra/main.bicep does not deploy {service}";
            }

            var project = WiringFiles.Text(files.Services, "services", service, "project");
            if (!Directory.Exists(Path.Combine(Checkouts.Root, project)) || !project.EndsWith($"FindMe.{service}", StringComparison.OrdinalIgnoreCase))
            {
                yield return $"service: azure.yaml does not build {app}";
            }
        }
    }

    private static string Delivery(WiringFiles files, string name) => WiringFiles.Text(files.Azure, "delivery", name);

    private static int Number(WiringFiles files, string name) => int.Parse(Delivery(files, name));

    private static IReadOnlyList<string> Names(IEnumerable<YamlDotNet.RepresentationModel.YamlNode> nodes) => [.. nodes.Select(node => WiringFiles.Text(node))];
}
