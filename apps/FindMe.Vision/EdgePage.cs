using System.Collections.Concurrent;
using FindMe.Faces;
using FindMe.Recognition;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace FindMe.Vision;

/// <summary>GET /edge: a page that names people in the browser itself, so that photos never leave the device.</summary>
/// <remarks>
/// The page computes the same as the engine, with the engine's models and constants (<c>/edge/recipe.json</c>) and the exported models
/// in the service's folder of people. It fetches nothing else, and sends nothing.
/// </remarks>
internal static class EdgePage
{
    // Only the service's own files. 'wasm-unsafe-eval' allows compiling WebAssembly, but not scripts from text.
    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private const string Onnx = "application/octet-stream";

    // The WebAssembly of ONNX Runtime, in the models folder; the page shows how much it will download.
    private const string Runtime = "ort-wasm-simd-threaded.wasm";

    private static readonly PhysicalFileProvider Files = new(Path.Combine(AppContext.BaseDirectory, "edge"));

    // Includes .mjs and .wasm, whose types browsers check.
    private static readonly FileExtensionContentTypeProvider Types = new();

    public static void AddEdgePage(this IServiceCollection services)
    {
        services.AddSingleton<EdgePeople>();

        // Compresses only the runtime, by far the largest file, to a quarter. Other responses may contain uploaded data, so they stay uncompressed.
        services.AddResponseCompression(compression =>
        {
            compression.EnableForHttps = true;
            compression.MimeTypes = ["application/wasm"];
        });
    }

    public static void MapEdgePage(this WebApplication app)
    {
        app.UseResponseCompression();

        // Not rate-limited: files are cheap to serve, and a slow download of minutes would occupy a slot.
        var edge = app.MapGroup("/edge").ExcludeFromDescription().DisableRateLimiting().AddEndpointFilter((context, next) =>
        {
            // Set when the response starts, because the exception handler clears headers that were set earlier.
            var response = context.HttpContext.Response;
            response.OnStarting(() =>
            {
                var headers = response.Headers;
                headers.ContentSecurityPolicy = ContentSecurityPolicy;
                headers.XContentTypeOptions = "nosniff";
                headers.CacheControl = "no-cache";
                headers["Referrer-Policy"] = "no-referrer";
                headers["Cross-Origin-Opener-Policy"] = "same-origin";
                headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()";
                return Task.CompletedTask;
            });
            return next(context);
        });
        edge.MapGet("/", () => Send("index.html"));
        edge.MapGet("/{**file}", (string file) => Send(file));
        edge.MapGet("/ort/{file}", (string file, Lazy<FaceEngine> engine) => SendRuntime(file, engine));
        edge.MapGet("/recipe.json", Describe);
        edge.MapGet("/models/detector.onnx", (Lazy<FaceEngine> engine) => Send(new FileInfo(EdgeRecipe.ModelFiles(engine.Value).Detector), Onnx));
        edge.MapGet("/models/landmarks.onnx", (Lazy<FaceEngine> engine) => Send(new FileInfo(EdgeRecipe.ModelFiles(engine.Value).Landmarks), Onnx));
        edge.MapGet("/people/{model}.onnx", (string model, EdgePeople people) => people.Find(model) is { } file ? (IResult)Send(file, Onnx) : NotFound());
    }

    private static Ok<EdgeDescription> Describe(Lazy<FaceEngine> engine, EdgePeople people)
    {
        var recipe = EdgeRecipe.Of(engine.Value) ?? throw new RequestException(
            404, "no-edge", "The page does not support the service's recipe, that of face-api.js.", "Set Faces:Recipe to default or dlib.");
        var (detector, landmarks) = EdgeRecipe.ModelFiles(engine.Value);
        var runtime = new FileInfo(Path.Combine(EdgeRecipe.RuntimeFolder(engine.Value), Runtime));
        if (!runtime.Exists)
        {
            throw new RequestException(404, "no-edge", "ONNX Runtime for browsers is not in the models folder.", "Run tools/FindMe.ModelBuilder, or copy its folder onnxruntime-web there.");
        }

        return TypedResults.Ok(new EdgeDescription(
            recipe,
            EdgeFile.Of($"/edge/ort/{Runtime}", runtime),
            EdgeFile.Of("/edge/models/detector.onnx", new FileInfo(detector)),
            EdgeFile.Of("/edge/models/landmarks.onnx", new FileInfo(landmarks)),
            people.All()));
    }

    private static IResult Send(string file)
    {
        // The provider serves only files inside its folder.
        var found = Files.GetFileInfo(file);
        return found is { Exists: true, PhysicalPath: { } path } && Types.TryGetContentType(path, out var type) ? (IResult)Send(new FileInfo(path), type) : NotFound();
    }

    private static IResult SendRuntime(string file, Lazy<FaceEngine> engine)
    {
        // A route segment may still contain "..", so keep only the file name.
        var found = new FileInfo(Path.Combine(EdgeRecipe.RuntimeFolder(engine.Value), Path.GetFileName(file)));
        return found.Exists && Types.TryGetContentType(found.Name, out var type) ? (IResult)Send(found, type) : NotFound();
    }

    private static PhysicalFileHttpResult Send(FileInfo file, string type)
    {
        var written = new DateTimeOffset(file.LastWriteTimeUtc);
        return TypedResults.PhysicalFile(file.FullName, type, lastModified: written, entityTag: new EntityTagHeaderValue($"\"{file.Length:x}-{written.UtcTicks:x}\""));
    }

    private static ProblemHttpResult NotFound() => Problems.Of(404, "not-found", "There is nothing here.", "The page is /edge.");
}

/// <summary>
/// The models of people for browsers: each file <c>NAME.onnx</c> of <c>findme people train --edge</c> in the service's folder of
/// people. Everybody who opens the page can download them, so the operator must add them on purpose. <c>NAME.findme</c> files are never served.
/// </summary>
internal sealed partial class EdgePeople(IOptions<VisionOptions> options, Lazy<FaceEngine> engine, ILogger<EdgePeople> logger)
{
    private const string Ending = ".onnx";

    // Far more than --edge writes; dlib's model with --onnx has 23 MB.
    private const long MaxBytes = 50_000_000;

    private readonly ConcurrentDictionary<string, (DateTime Written, EdgePeopleModel Model)> _known = new(StringComparer.Ordinal);

    /// <summary>All models by name, unusable ones with the reason. A file is read again when it changes.</summary>
    public IReadOnlyList<EdgePeopleModel> All()
    {
        var folder = new DirectoryInfo(options.Value.PeoplePath.Length > 0 ? options.Value.PeoplePath : AppContext.BaseDirectory);
        return options.Value.PeoplePath.Length > 0 && folder.Exists
            ? [.. folder.GetFiles($"*{Ending}").Where(file => PeopleModels.IsName(NameOf(file))).OrderBy(file => file.Name, StringComparer.Ordinal).Select(Read)]
            : [];
    }

    /// <summary>Returns the file of a name; null if there is no usable one.</summary>
    public FileInfo? Find(string name) =>
        All().Any(model => model.Name == name && model.Problem is null) ? new FileInfo(Path.Combine(options.Value.PeoplePath, $"{name}{Ending}")) : null;

    private static string NameOf(FileInfo file) => Path.GetFileNameWithoutExtension(file.Name);

    private EdgePeopleModel Read(FileInfo file)
    {
        var name = NameOf(file);
        if (_known.TryGetValue(name, out var known) && known.Written == file.LastWriteTimeUtc)
        {
            return known.Model;
        }

        EdgePeopleModel model;
        try
        {
            if (file.Length > MaxBytes)
            {
                throw new PeopleException($"The file is larger than {MaxBytes / 1e6:0} MB.");
            }

            var (people, recipe) = PeopleExport.ReadMetadata(File.ReadAllBytes(file.FullName));
            if (recipe != engine.Value.Recipe)
            {
                throw new PeopleException($"The model was trained with {recipe}, but the engine uses {engine.Value.Recipe}.");
            }

            model = new EdgePeopleModel(name, people, EdgeFile.Of($"/edge/people/{name}{Ending}", file));
        }
        catch (PeopleException exception)
        {
            LogNotOffered(logger, file.Name, exception.Message);
            model = new EdgePeopleModel(name, [], null, exception.Message);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Not cached: the failure may be transient.
            LogNotOffered(logger, file.Name, exception.Message);
            return new EdgePeopleModel(name, [], null, "The file cannot be read at the moment.");
        }

        _known[name] = (file.LastWriteTimeUtc, model);
        return model;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Skipped {File} on /edge: {Reason}")]
    private static partial void LogNotOffered(ILogger logger, string file, string reason);
}

/// <summary>The constants that the page needs, and the files that it fetches.</summary>
/// <param name="Recipe">The engine's constants.</param>
/// <param name="Runtime">ONNX Runtime.</param>
/// <param name="Detector">The model that detects faces.</param>
/// <param name="Landmarks">The model that detects landmarks.</param>
/// <param name="People">The models of people, unusable ones too.</param>
internal sealed record EdgeDescription(EdgeRecipe Recipe, EdgeFile Runtime, EdgeFile Detector, EdgeFile Landmarks, IReadOnlyList<EdgePeopleModel> People);

/// <summary>One exported model of people.</summary>
/// <param name="Name">The file's name.</param>
/// <param name="People">Their names in the order of the model's probabilities, unknown people last.</param>
/// <param name="File">The model; null if there is a problem.</param>
/// <param name="Problem">Why the model cannot be used; null when it can.</param>
internal sealed record EdgePeopleModel(string Name, IReadOnlyList<string> People, EdgeFile? File, string? Problem = null);

/// <summary>A file to fetch.</summary>
/// <param name="Address">Its path on this host.</param>
/// <param name="Bytes">Its size.</param>
internal sealed record EdgeFile(string Address, long Bytes)
{
    public static EdgeFile Of(string address, FileInfo file) => new(address, file.Length);
}
