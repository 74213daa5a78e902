using System.Diagnostics;
using FindMe.Faces;
using FindMe.Recognition;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace FindMe.Vision;

/// <summary>POST /classify: a picture → what it shows.</summary>
internal static partial class Classify
{
    // As the service that this one's answer is modelled on: the three likeliest.
    private const int DefaultTopK = 3;

    private static readonly QueryNumber TopK = new(
        "topK", 1, "bad-top-k", "Send how many classes are wanted, such as ?topK=5.", "How many classes are wanted, likeliest first; 3 by default.");

    public static void AddClassification(this IServiceCollection services)
    {
        services.AddSingleton(provider => new ImageClassifiers(provider.GetRequiredService<IOptions<FaceEngineOptions>>().Value));
        services.AddHostedService<ClassifierStart>();
    }

    public static void MapClassify(this IEndpointRouteBuilder routes) => routes.MapPost("/classify", ClassifyAsync)
        .WithSummary("Says what a picture shows")
        .WithDescription("The picture is sent as JSON {\"image\": base64}, as the file image of a form, or as the body itself.")
        .TakesImage()
        .TakesNumbers(TopK)
        .FailsAsPictures();

    private static async Task<Ok<ClassifiedImage>> ClassifyAsync(
        HttpContext context, ImageClassifiers classifiers, IOptions<VisionOptions> options, CancellationToken cancellationToken)
    {
        var wanted = TopK.Read(context.Request) ?? DefaultTopK;
        var image = await RequestImages.ReadOneAsync(context, cancellationToken);
        var found = await Task.Run(() => classifiers[options.Value.Classifier].Classify(image, wanted, cancellationToken), cancellationToken);
        using var process = Process.GetCurrentProcess();
        return TypedResults.Ok(new ClassifiedImage(
            found.Results, found.Model, found.Timings, new ProcessMemory(process.WorkingSet64, GC.GetTotalMemory(forceFullCollection: false))));
    }

    /// <summary>Loads the classifier beside the start of the app, which does not wait for it: a request that comes sooner waits for the same loading.</summary>
    private sealed partial class ClassifierStart(ImageClassifiers classifiers, IOptions<VisionOptions> options, ILogger<ClassifierStart> logger) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            _ = Task.Run(Load, CancellationToken.None);
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        private void Load()
        {
            try
            {
                _ = classifiers[options.Value.Classifier];
            }
            catch (Exception exception) when (exception is ModelException or IOException or UnauthorizedAccessException)
            {
                // The faces do without it.
                LogWithout(logger, options.Value.Classifier, exception.Message);
            }
            catch (ObjectDisposedException)
            {
                // The app ends already.
            }
        }

        [LoggerMessage(Level = LogLevel.Warning, Message = "POST /classify answers 503 until the classifier {Classifier} can be loaded: {Reason}")]
        private static partial void LogWithout(ILogger logger, string classifier, string reason);
    }
}

/// <summary>What a picture shows.</summary>
/// <param name="Results">The likeliest classes, likeliest first.</param>
/// <param name="Model">The model that says so.</param>
/// <param name="Timings">Milliseconds of each step.</param>
/// <param name="Memory">What the process takes.</param>
internal sealed record ClassifiedImage(IReadOnlyList<ClassProbability> Results, string Model, ClassificationTimings Timings, ProcessMemory Memory);

/// <summary>Memory, in bytes.</summary>
/// <param name="Rss">Of the process, in RAM.</param>
/// <param name="Managed">Of that, objects of .NET.</param>
internal sealed record ProcessMemory(long Rss, long Managed);
