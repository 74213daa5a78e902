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

/// <summary>Settings of the telemetry. Configuration section <c>Telemetry</c>; validated at startup.</summary>
public sealed class TelemetryOptions
{
    /// <summary>Name of the configuration section.</summary>
    public const string Section = "Telemetry";

    /// <summary>Price of this replica, in US dollars per hour, 0 to 1,000. Default 0: unknown, and the metric <c>findme.replica.cost</c> stays 0.</summary>
    /// <remarks>A list price for estimates; the bill can differ.</remarks>
    [Range(0.0, 1000.0)]
    public double DollarsPerHour { get; set; }
}

[OptionsValidator]
internal sealed partial class TelemetryOptionsValidator : IValidateOptions<TelemetryOptions>;

/// <summary>Exports traces, metrics and logs by OTLP to <c>OTEL_EXPORTER_OTLP_ENDPOINT</c>. Without that variable, nothing is collected or sent.</summary>
/// <remarks>OpenTelemetry's other variables (<c>OTEL_EXPORTER_OTLP_PROTOCOL</c>, <c>…_HEADERS</c>, <c>OTEL_TRACES_SAMPLER</c>) work as documented.</remarks>
internal static class AppDefaultsTelemetry
{
    // Matches all activity sources and meters of FindMe: their names start with the name of their project.
    private const string OwnSources = "FindMe.*";

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
                .AddSource(OwnSources)
                .AddProcessor(new UrlRedaction())
                .AddOtlpExporter())
            .WithMetrics(metrics => metrics
                .AddMeter(OwnSources, "Microsoft.AspNetCore.Hosting")
                .AddInstrumentation(services => new ReplicaCost(services.GetRequiredService<IOptions<TelemetryOptions>>().Value))
                .AddOtlpExporter());
    }

    /// <summary>Publishes the cost of this replica since its start as a metric.</summary>
    private sealed class ReplicaCost : IDisposable
    {
        public const string Name = "FindMe.Pipeline.Replica";

        private readonly Meter _meter = new(Name);

        public ReplicaCost(TelemetryOptions options)
        {
            var started = Stopwatch.GetTimestamp();
            _meter.CreateObservableCounter(
                "findme.replica.cost", () => Stopwatch.GetElapsedTime(started).TotalHours * options.DollarsPerHour, "USD", "Cost of this replica since its start.");
        }

        public void Dispose() => _meter.Dispose();
    }

    /// <summary>Removes personal data from URLs in traces.</summary>
    /// <remarks>
    /// Outgoing requests keep only scheme, host and port, because path and query can contain hashtags, handles and account ids. Incoming
    /// requests lose their query, which contains a code after a network's sign-in,
    /// and the token of a link to shared photos.
    /// </remarks>
    private sealed class UrlRedaction : BaseProcessor<Activity>
    {
        public override void OnEnd(Activity data)
        {
            if (data.GetTagItem("url.full") is string full)
            {
                data.SetTag("url.full", KeepAuthority(full));
            }

            // The token of a link to shared photos is a secret.
            if (data.GetTagItem("http.route") is string route && route.Contains("{token", StringComparison.Ordinal))
            {
                data.SetTag("url.path", route);
            }

            if (data.GetTagItem("url.query") is not null)
            {
                data.SetTag("url.query", null);
            }
        }

        private static string? KeepAuthority(string full) => Uri.TryCreate(full, UriKind.Absolute, out var address) ? address.GetLeftPart(UriPartial.Authority) : null;
    }
}
