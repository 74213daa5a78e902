using System.Text.Json;
using FindMe.Faces;
using FindMe.Recognition;
using Microsoft.AspNetCore.Http.HttpResults;

namespace FindMe.Vision;

/// <summary>/faces/train: a picture → vectors of its face. /faces/recognize: vectors and pictures → whether they show that face.</summary>
internal static class FaceVectorRoutes
{
    private const string Csv = "text/csv";

    public static void MapFaceVectors(this IEndpointRouteBuilder routes)
    {
        var faces = routes.MapGroup("/faces").WithTags("face vectors");
        faces.MapPost("/train", TrainAsync)
            .Takes<ImageBody>("application/json", "multipart/form-data", "image/*", "application/octet-stream")
            .Produces<TrainedView>()
            .ProducesProblem(400).ProducesProblem(413).ProducesProblem(415).ProducesProblem(422)
            .WithSummary("The vectors of the face on a picture: its own and those of its augmentations. As CSV where the request accepts text/csv.");
        faces.MapPost("/recognize", RecognizeAsync)
            .Takes<RecognizeBody>("application/json", "multipart/form-data")
            .Produces<PresenceView>()
            .ProducesProblem(400).ProducesProblem(413).ProducesProblem(415).ProducesProblem(422)
            .WithSummary("Whether a picture, or each of several, shows the person of the vectors.");
    }

    // face: which of several, from 0, left to right.
    private static async Task<Results<Ok<TrainedView>, ContentHttpResult>> TrainAsync(
        HttpContext context, EngineTurns engine, int? face, int? seed, CancellationToken cancellationToken)
    {
        var photo = await RequestImages.ReadOneAsync(context, cancellationToken);
        var trained = await engine.TakeAsync(
            faces => FaceVectorTraining.Train(faces, photo, face, seed ?? 0, cancellationToken), cancellationToken);
        if (trained.Vectors is not { } vectors)
        {
            throw ExceptionOf(trained.Reading, face);
        }

        return context.Request.Headers.Accept.ToString().Contains(Csv, StringComparison.OrdinalIgnoreCase)
            ? TypedResults.Text(vectors.ToCsv(), Csv)
            : TypedResults.Ok(new TrainedView(
                vectors.Recipe!,
                [.. vectors.Vectors.Select(vector => vector.Values.ToArray())],
                BoxView.Of(trained.Reading.Box!.Value),
                trained.Reading.Quality,
                trained.Reading.Warnings));
    }

    private static async Task<Results<Ok<PresenceView>, Ok<PresencesView>>> RecognizeAsync(HttpContext context, EngineTurns engine, CancellationToken cancellationToken)
    {
        using var request = await RequestImages.ReadAsync(context, cancellationToken);
        var vectors = request.Json is { } json
            ? ReadVectors(json)
            : FaceVectors.FromCsv(await request.TryReadFieldAsync("vectors", cancellationToken) ?? throw WithoutVectors());
        var background = await request.TryReadFieldAsync("background", cancellationToken) is { } csv ? FaceVectors.FromCsv(csv) : null;
        var recognition = await engine.TakeAsync(faces => new FaceVectorRecognition(faces, vectors, background), cancellationToken);
        if (!request.IsBatch)
        {
            var photo = request.Images[0];
            var presence = await engine.TakeAsync(faces => recognition.Recognize(faces.Analyze(photo, cancellationToken)), cancellationToken);
            return TypedResults.Ok(PresenceView.Of(presence));
        }

        // One picture that cannot be read takes nothing from the others.
        var results = new PresenceView[request.Images.Count];
        await Parallel.ForAsync(0, results.Length, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellationToken }, async (i, end) =>
        {
            try
            {
                var photo = request.Images[i];
                results[i] = PresenceView.Of(await engine.TakeAsync(faces => recognition.Recognize(faces.Analyze(photo, end)), end));
            }
            catch (PhotoException exception)
            {
                var problem = RequestException.Of(exception);
                results[i] = new PresenceView(null, null, null, null, new ProblemView(problem.Type, problem.Message, problem.Detail));
            }
        });
        return TypedResults.Ok(new PresencesView(results));
    }

    /// <summary>What keeps a photo from serving, and the way out.</summary>
    internal static RequestException ExceptionOf(ReferenceReading reading, int? face) => reading.Problem switch
    {
        ReferenceProblem.NoFace => new RequestException(422, "no-face", "There is no face to be seen.", "Send a picture of the face from the front, in good light."),
        ReferenceProblem.SeveralFaces => new RequestException(
            422, "several-faces", $"There are {reading.Faces.Count} faces.", $"Say which one with ?face=0 to ?face={reading.Faces.Count - 1}, counted from left to right."),
        ReferenceProblem.NoSuchFace => new RequestException(422, "no-such-face", $"There is no face number {face}.", $"The picture has {reading.Faces.Count}; count from 0, left to right."),
        ReferenceProblem.FaceTooSmall => new RequestException(422, "face-too-small", "The face is too small to be told from others.", "Send a larger picture of it."),
        _ => new RequestException(422, "unclear-face", "The face cannot be made out well enough.", string.Join(' ', reading.Warnings)),
    };

    private static FaceVectors ReadVectors(JsonElement body)
    {
        if (!body.TryGetProperty("vectors", out var rows) || rows.ValueKind is not (JsonValueKind.Array or JsonValueKind.String))
        {
            throw WithoutVectors();
        }

        if (rows.ValueKind == JsonValueKind.String)
        {
            return FaceVectors.FromCsv(rows.GetString()!);
        }

        var recipe = body.TryGetProperty("recipe", out var name) && name.ValueKind == JsonValueKind.String ? name.GetString() : null;
        var vectors = new List<FaceEmbedding>();
        foreach (var row in rows.EnumerateArray())
        {
            try
            {
                vectors.Add(FaceEmbedding.FromValues(row.Deserialize(VisionJson.Default.SingleArray)));
            }
            catch (Exception exception) when (exception is JsonException or ArgumentException)
            {
                throw new FaceVectorsException($"The vector number {vectors.Count} is none: a list of {FaceEmbedding.MinLength} to {FaceEmbedding.MaxLength} numbers.");
            }
        }

        return vectors.Count > 0 && vectors.TrueForAll(vector => vector.Values.Length == vectors[0].Values.Length)
            ? new FaceVectors(recipe, vectors)
            : throw new FaceVectorsException("There are no vectors, or they are of several lengths.");
    }

    private static RequestException WithoutVectors() => new(
        400, "no-vectors", "The request holds no face vectors.", "Send what POST /faces/train answered: recipe and vectors in the JSON, or its CSV as the form's field vectors.");
}
