using System.ComponentModel.DataAnnotations;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace FindMe.Hosting;

/// <summary>What the operator's telemetry needs to know. Section <c>Telemetry</c> of the configuration; checked at start.</summary>
public sealed class TelemetryOptions
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "Telemetry";

    /// <summary>What this replica costs, in US dollars an hour, 0 to 1,000. Default 0: not known, and the metric <c>findme.replica.cost</c> stays 0.</summary>
    /// <remarks>A price list's: what is on the bill is on the bill.</remarks>
    [Range(0.0, 1000.0)]
    public double DollarsPerHour { get; set; }
}

[OptionsValidator]
internal sealed partial class TelemetryOptionsValidator : IValidateOptions<TelemetryOptions>;

/// <summary>Sends traces, metrics and logs by OTLP where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> says to; otherwise nothing is sent or collected.</summary>
/// <remarks>OpenTelemetry's other variables (<c>OTEL_EXPORTER_OTLP_PROTOCOL</c>, <c>…_HEADERS</c>, <c>OTEL_TRACES_SAMPLER</c>) count as its documentation says.</remarks>
internal static class AppDefaultsTelemetry
{
    // Every source and meter of FindMe's libraries and apps has the name of its project in front.
    private const string Own = "FindMe.*";

    public static void AddTelemetry(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<TelemetryOptions>().BindConfiguration(TelemetryOptions.Section).ValidateOnStart();
        builder.Services.AddSingleton<IValidateOptions<TelemetryOptions>, TelemetryOptionsValidator>();
        if (builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] is not { Length: > 0 })
        {
            return;
        }

        builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(builder.Configuration["APP_ID"] ?? builder.Environment.ApplicationName, "findme"))
            .WithLogging(logs => logs.AddOtlpExporter(), options => options.IncludeFormattedMessage = true)
            .WithTracing(traces => traces
                .AddAspNetCoreInstrumentation(requests => requests.Filter = context => context.Request.Path != AppDefaults.HealthPath)
                .AddHttpClientInstrumentation()
                .AddSource(Own)
                .AddProcessor(new AddressRemoval())
                .AddOtlpExporter())
            .WithMetrics(metrics => metrics
                .AddMeter(Own, "Microsoft.AspNetCore.Hosting")
                .AddInstrumentation(services => new ReplicaCost(services.GetRequiredService<IOptions<TelemetryOptions>>().Value))
                .AddOtlpExporter());
    }

    /// <summary>What this replica has cost since it started.</summary>
    private sealed class ReplicaCost : IDisposable
    {
        public const string Name = "FindMe.Pipeline.Replica";

        private readonly Meter _meter = new(Name);

        public ReplicaCost(TelemetryOptions options)
        {
            var started = Stopwatch.GetTimestamp();
            _meter.CreateObservableCounter(
                "findme.replica.cost", () => Stopwatch.GetElapsedTime(started).TotalHours * options.DollarsPerHour, "USD", "What this replica has cost so far.");
        }

        public void Dispose() => _meter.Dispose();
    }

    /// <summary>Takes out of addresses what names people and what they search.</summary>
    /// <remarks>
    /// Of a request to the outside only scheme, host and port stay: a hashtag, a handle, an account's id may stand anywhere behind them. Of one that
    /// comes in the query goes: the way back from a network holds a code there. So does the token of a link to shared photos.
    /// </remarks>
    private sealed class AddressRemoval : BaseProcessor<Activity>
    {
        public override void OnEnd(Activity data)
        {
            if (data.GetTagItem("url.full") is string full)
            {
                data.SetTag("url.full", Shorten(full));
            }

            // A link to shared photos is a secret.
            if (data.GetTagItem("http.route") is string route && route.Contains("{token", StringComparison.Ordinal))
            {
                data.SetTag("url.path", route);
            }

            if (data.GetTagItem("url.query") is not null)
            {
                data.SetTag("url.query", null);
            }
        }

        private static string? Shorten(string full) => Uri.TryCreate(full, UriKind.Absolute, out var address) ? address.GetLeftPart(UriPartial.Authority) : null;
    }
}
