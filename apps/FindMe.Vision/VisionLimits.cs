using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace FindMe.Vision;

/// <summary>Bounds what requests may cost, and turns what goes wrong with one into a problem.</summary>
internal static class VisionLimits
{
    public static void AddVisionLimits(this IServiceCollection services)
    {
        services.AddOptions<VisionOptions>().BindConfiguration(VisionOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<VisionOptions>, VisionOptionsValidator>();
        services.AddExceptionHandler<RequestFailures>();
        services.AddOptions<KestrelServerOptions>().Configure<IOptions<VisionOptions>>((kestrel, vision) =>
            kestrel.Limits.MaxRequestBodySize = vision.Value.MaxBodyBytes);

        // Pictures stay in memory: a face has no business in a temporary file.
        services.AddOptions<FormOptions>().Configure<IOptions<VisionOptions>>((form, vision) =>
        {
            form.MemoryBufferThreshold = vision.Value.MaxBodyBytes;
            form.MultipartBodyLengthLimit = vision.Value.MaxBodyBytes;
            form.ValueLengthLimit = vision.Value.MaxBodyBytes;
        });
        services.AddRateLimiter(_ => { });
        services.AddOptions<RateLimiterOptions>().Configure<IOptions<VisionOptions>>((limiter, vision) =>
        {
            var turns = new ConcurrencyLimiterOptions { PermitLimit = vision.Value.RequestsAtOnce, QueueLimit = vision.Value.RequestsWaiting };
            limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, bool>(_ => RateLimitPartition.GetConcurrencyLimiter(true, _ => turns));
            limiter.OnRejected = (context, cancellationToken) => new ValueTask(Problems.AnswerAsync(context.HttpContext, RequestException.TooBusy));
        });
    }

    public static void UseVisionLimits(this WebApplication app)
    {
        var maxBodyBytes = app.Services.GetRequiredService<IOptions<VisionOptions>>().Value.MaxBodyBytes;

        // Refused before anything reads it, and without Kestrel's own limit: a body that nobody read is read away for a moment after the
        // answer, so that a client that still sends it sees why. One that exceeds Kestrel's limit is answered by closing at once, and the
        // answer may be lost with the connection (RFC 9112, 9.6).
        app.Use((context, next) =>
        {
            if (context.Request.ContentLength > maxBodyBytes)
            {
                context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = null;
                throw RequestException.TooLarge;
            }

            return next(context);
        });
        app.UseRateLimiter();
    }
}
