using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace FindMe.Hosting;

/// <summary>Defaults of all web apps: health checks, problem details (RFC 9457), telemetry, and exit with the parent process.</summary>
public static partial class AppDefaults
{
    /// <summary>Path of the health check that the sidecar and the platform call.</summary>
    internal const string HealthPath = "/healthz";

    /// <summary>Registers the services of the defaults.</summary>
    /// <param name="builder">The app's builder.</param>
    public static void AddAppDefaults(this WebApplicationBuilder builder)
    {
        // First, so that every other configuration source overrides it. At the Information level each health probe would log its endpoint.
        builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource
        {
            InitialData = new Dictionary<string, string?>
            {
                ["Logging:LogLevel:Microsoft.AspNetCore"] = "Warning",
                ["Logging:LogLevel:System.Net.Http"] = "Warning",
            },
        });

        // Logging__Console__FormatterName=json writes machine-readable lines with trace ids instead.
        builder.Services.Configure<SimpleConsoleFormatterOptions>(console => console.SingleLine = true);
        // Without a formatter name, the deprecated console options override those above, and each message takes two lines.
        builder.Services.Configure<ConsoleLoggerOptions>(console => console.FormatterName ??= ConsoleFormatterNames.Simple);
        // These loggers write URLs with their queries, which contain the code and the state of a network's sign-in.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.AspNetCore.Http.Result", LogLevel.Warning);
        builder.AddTelemetry();
        builder.AddLocalHostNames();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
        builder.Services.AddProblemDetails(problems => problems.CustomizeProblemDetails = Explain);
        builder.Services.AddHealthChecks();
        builder.Services.ConfigureHttpJsonOptions(json => AppJson.Configure(json.SerializerOptions));
        builder.Services.AddSingleton(TimeProvider.System);
        if (builder.Configuration.GetValue<bool>("ExitWithParent"))
        {
            builder.Services.AddHostedService<ExitWithParent>();
        }
    }

    /// <summary>Maps <c>/healthz</c>, and turns exceptions and empty error responses into problem details.</summary>
    /// <param name="app">The app.</param>
    public static void MapAppDefaults(this WebApplication app)
    {
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.MapHealthChecks(HealthPath).DisableRateLimiting();
    }

    // Problem details of the framework itself lack our slug and advice: add them.
    private static void Explain(ProblemDetailsContext context)
    {
        if (context.ProblemDetails.Detail is not null)
        {
            return;
        }

        (context.ProblemDetails.Type, context.ProblemDetails.Title, context.ProblemDetails.Detail) = context.ProblemDetails.Status switch
        {
            StatusCodes.Status400BadRequest => ("bad-request", "The request cannot be read.", "Send what GET /openapi/v1.json describes."),
            StatusCodes.Status404NotFound => ("not-found", "There is nothing here.", "GET /openapi/v1.json lists all endpoints."),
            StatusCodes.Status405MethodNotAllowed => ("wrong-method", $"{context.HttpContext.Request.Method} is not allowed here.", "GET /openapi/v1.json lists all endpoints."),
            StatusCodes.Status413PayloadTooLarge => ("too-large", "The request is too large.", "Send a smaller request."),
            StatusCodes.Status415UnsupportedMediaType => ("wrong-content-type", "The content type of the request is not supported.", "Send a Content-Type that GET /openapi/v1.json lists."),
            _ => (context.ProblemDetails.Type, context.ProblemDetails.Title, context.ProblemDetails.Detail),
        };
    }

    /// <summary>Stops the app when its standard input closes, which also happens when the parent process dies. Leaves no orphaned process.</summary>
    private sealed partial class ExitWithParent(IHostApplicationLifetime lifetime, ILogger<ExitWithParent> logger) : IHostedService
    {
        private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

        public Task StartAsync(CancellationToken cancellationToken)
        {
            new Thread(WaitForEndOfInput) { IsBackground = true, Name = "Exit with parent" }.Start();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        private void WaitForEndOfInput()
        {
            using var input = Console.OpenStandardInput();
            var buffer = new byte[256];
            while (input.Read(buffer) > 0)
            {
            }

            LogParentGone(logger);
            lifetime.StopApplication();
            // Kill the process if the graceful shutdown hangs: the next start needs its ports.
            Thread.Sleep(Timeout);
            Process.GetCurrentProcess().Kill();
        }

        [LoggerMessage(Level = LogLevel.Information, Message = "Standard input closed because the parent process exited; shutting down.")]
        private static partial void LogParentGone(ILogger logger);
    }
}
