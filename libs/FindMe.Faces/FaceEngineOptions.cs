using System.ComponentModel.DataAnnotations;

namespace FindMe.Faces;

/// <summary>Where the models lie, what a photo may be, and what counts as the same person. Section <c>Faces</c> of the configuration.</summary>
public sealed class FaceEngineOptions
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "Faces";

    /// <summary>
    /// Folder of the ONNX files; a relative one counts from the working directory. Default: empty, which means the folder
    /// <c>models</c> beside the app or, in a build of the repository, <c>artifacts/models</c> above it.
    /// </summary>
    public string ModelsPath { get; set; } = "";

    /// <summary>The recipe that is used when nothing is set.</summary>
    public const string DefaultRecipe = "default";

    /// <summary>
    /// How faces are told apart: the name of a description beside the models, <c>default.json</c> by default. <c>dlib</c> uses the network
    /// that face-api.js uses. References made by another recipe are no longer compared. models/README.md says how to bring a model.
    /// </summary>
    [RegularExpression("[A-Za-z0-9_-]{1,64}")]
    public string Recipe { get; set; } = DefaultRecipe;

    /// <summary>Largest photo file, in bytes: 1 KB to 500 MB. Default 50 MB; a larger one is refused as <see cref="PhotoProblem.TooLarge"/>.</summary>
    /// <remarks>A camera's 50-megapixel JPEG of the best quality has about 30 MB.</remarks>
    [Range(1_000, 500_000_000)]
    public int MaxPhotoBytes { get; set; } = 50_000_000;

    /// <summary>
    /// Largest photo, in pixels (width × height): 10,000 to 500 million. Default 100 million; a larger one is refused as
    /// <see cref="PhotoProblem.TooManyPixels"/> before it is decoded.
    /// </summary>
    /// <remarks>Phones make up to 200 megapixels, but send 12 or 50. What can only be decoded as a whole has a limit of memory as well: about 25 megapixels of AVIF, 50 of WebP.</remarks>
    [Range(10_000, 500_000_000)]
    public int MaxPhotoPixels { get; set; } = 100_000_000;

    /// <summary>Largest distance of a <see cref="MatchKind.Match"/>, 0 to 2. Default: what the recipe says, 1.10 in <c>default</c>.</summary>
    /// <remarks>docs/accuracy.md says what it was measured on.</remarks>
    [Range(0.0, 2.0)]
    public float? MatchDistance { get; set; }

    /// <summary>
    /// Largest distance of a <see cref="MatchKind.Maybe"/>, 0 to 2. Default: what the recipe says, 1.14 in <c>default</c>. With one no
    /// larger than <see cref="MatchDistance"/> there is no maybe.
    /// </summary>
    [Range(0.0, 2.0)]
    public float? MaybeDistance { get; set; }

    /// <summary>
    /// Least height of the face in a reference photo, in pixels of the full-size photo: 16 to 1,000. Default 48; a smaller one is
    /// refused as <see cref="ReferenceProblem.FaceTooSmall"/>.
    /// </summary>
    /// <remarks>The network sees 112 × 112 pixels; below half of that, what it needs is no longer in the picture.</remarks>
    [Range(16, 1_000)]
    public int MinReferenceFacePixels { get; set; } = 48;

    /// <summary>Photos that <see cref="FaceEngine.EnterAsync"/> lets in at the same time, 0 to 64. Default 0: one a processor. More only cost memory.</summary>
    [Range(0, 64)]
    public int PhotosAtOnce { get; set; }
}
