using FindMe.Faces;

namespace FindMe.Recognition;

/// <summary>The engine's constants, for other programs that find and name faces as it does, such as the page <c>/edge</c>.</summary>
/// <param name="Identity">The <see cref="FaceEngine.Recipe"/>; exported people must have been trained with it.</param>
/// <param name="Photo">Limits on photos, and the size at which they are analysed.</param>
/// <param name="Detection">Picture → boxes.</param>
/// <param name="Landmarks">Box → 68 landmarks.</param>
/// <param name="Upright">Criteria for upright faces.</param>
/// <param name="Alignment">Landmarks → chip, the input of the exported model.</param>
/// <param name="Naming">Chip → name.</param>
public sealed record EdgeRecipe(
    string Identity,
    EdgeRecipe.PhotoLimits Photo,
    EdgeRecipe.DetectionSteps Detection,
    EdgeRecipe.LandmarkSteps Landmarks,
    EdgeRecipe.UprightFace Upright,
    EdgeRecipe.ChipAlignment Alignment,
    EdgeRecipe.NamingRule Naming)
{
    /// <summary>Returns the recipe of an engine.</summary>
    /// <param name="engine">The engine.</param>
    /// <returns>Null if the engine follows face-api.js, which exists for comparisons only.</returns>
    public static EdgeRecipe? Of(FaceEngine engine)
    {
        ArgumentNullException.ThrowIfNull(engine);
        var recipe = engine.RecognitionRecipe;
        return recipe.IsFaceApi
            ? null
            : new EdgeRecipe(
                engine.Recipe,
                new PhotoLimits(engine.Options.MaxPhotoBytes, engine.Options.MaxPhotoPixels, FaceEngine.WorkingSide, FaceEngine.SmallestSide),
                DescribeDetection(),
                new LandmarkSteps(
                    LandmarkDetection.Input,
                    LandmarkDetection.Output,
                    Faces.Landmarks.Count,
                    LandmarkDetection.Side,
                    new Point(LandmarkDetection.UprightCentre.X, LandmarkDetection.UprightCentre.Y),
                    LandmarkDetection.UprightSide),
                new UprightFace(
                    Describe(FaceAlignment.FivePoints),
                    FaceEngine.UprightMisfit,
                    FaceDetection.RotatedMinScore,
                    FaceEngine.SureUprightScore,
                    Indices(Faces.Landmarks.LeftEyePoints),
                    Indices(Faces.Landmarks.RightEyePoints)),
                Describe(new FaceAlignment(recipe.Alignment.Points, recipe.Input.Side)),
                new NamingRule(PeopleExport.Input, PeopleExport.Probabilities, PeopleModel.MinProbability, PeopleFolder.Unknown));
    }

    /// <summary>Returns the full paths of the detection and landmark models.</summary>
    /// <param name="engine">The engine.</param>
    public static (string Detector, string Landmarks) ModelFiles(FaceEngine engine)
    {
        ArgumentNullException.ThrowIfNull(engine);
        var folder = ModelFolder.Find(engine.Options.ModelsPath);
        return (Path.Combine(folder, FaceDetection.FileOf(engine.RecognitionRecipe.Detection)), Path.Combine(folder, LandmarkDetection.File));
    }

    /// <summary>Returns the full path of the folder of ONNX Runtime for browsers.</summary>
    /// <param name="engine">The engine.</param>
    public static string RuntimeFolder(FaceEngine engine)
    {
        ArgumentNullException.ThrowIfNull(engine);
        return Path.Combine(ModelFolder.Find(engine.Options.ModelsPath), "onnxruntime-web");
    }

    private static DetectionSteps DescribeDetection() => new(
        SsdModel.Input,
        SsdModel.Boxes,
        SsdModel.Scores,
        [.. FaceDetection.Passes.Select(pass => new DetectionPass(pass.Side, pass.AtLeast, pass.MinSize, float.IsFinite(pass.MaxSize) ? pass.MaxSize : null, pass.Margin, pass.SmallFaces ? 1 : SsdModel.Anchors.Length))],
        FaceDetection.RotatedPasses,
        FaceDetection.MinScore,
        FaceDetection.RotatedMinScore,
        FaceDetection.SameFaceOverlap,
        FaceDetection.InsideShare,
        FaceDetection.MaxFaces,
        FaceDetection.MaxPixelsAtOnce,
        FaceDetection.StripOverlap,
        FaceDetection.SideMultiple,
        new SecondLook(
            FaceDetection.SureScore, FaceDetection.SecondScore, FaceDetection.SmallFace, FaceDetection.ClosePortrait, FaceDetection.SecondLookShare, FaceDetection.SecondLookSide),
        SsdModel.FirstStride,
        SsdModel.CentreVariance,
        SsdModel.SizeVariance,
        [.. SsdModel.Anchors.Select(layer => layer.Select(anchor => new Anchor(anchor.Height, anchor.Width)).ToArray())]);

    private static ChipAlignment Describe(FaceAlignment alignment) => new(
        alignment.Side, FaceAlignment.MaxSamples, [.. alignment.Template.Select(point => new AlignmentPoint(point.Landmarks, point.X, point.Y))]);

    private static int[] Indices((int From, int To) points) => [.. Enumerable.Range(points.From, points.To - points.From)];

    /// <summary>Limits on photos.</summary>
    /// <param name="MaxBytes">Maximum size of the file, in bytes.</param>
    /// <param name="MaxPixels">Maximum number of pixels, width × height.</param>
    /// <param name="WorkingSide">Longest side to which the photo is shrunk before analysis, in pixels.</param>
    /// <param name="SmallestSide">Pictures with a shorter side are not searched, in pixels.</param>
    public sealed record PhotoLimits(int MaxBytes, int MaxPixels, int WorkingSide, int SmallestSide);

    /// <summary>How to detect faces. The input planes are red, green, blue, 0 to 255.</summary>
    /// <param name="Input">Name of the model's input.</param>
    /// <param name="Boxes">Name of the output with encoded boxes.</param>
    /// <param name="Scores">Name of the output with scores.</param>
    /// <param name="Passes">The passes, coarsest first.</param>
    /// <param name="TurnedPasses">Number of passes, from the coarsest, for a picture that was rotated on a guess.</param>
    /// <param name="MinScore">Minimum score of a face.</param>
    /// <param name="TurnedMinScore">Minimum score of a face in a rotated picture.</param>
    /// <param name="SameFaceOverlap">Boxes whose intersection over union exceeds this are one face.</param>
    /// <param name="InsideShare">A box with more than this share of its area inside another is the same face.</param>
    /// <param name="MaxFaces">Maximum number of faces per photo.</param>
    /// <param name="MaxPixelsAtOnce">Maximum pixels of an input; larger inputs are split into strips.</param>
    /// <param name="StripOverlap">Rows by which strips overlap.</param>
    /// <param name="SideMultiple">The sides of the input are multiples of this, in pixels.</param>
    /// <param name="SecondLook">How to check doubtful faces again.</param>
    /// <param name="FirstStride">Pixels per cell of the first feature map; doubles with each further map.</param>
    /// <param name="CentreVariance">Divisor of encoded box centres.</param>
    /// <param name="SizeVariance">Divisor of encoded box sizes.</param>
    /// <param name="Anchors">Anchors of the cells of each feature map.</param>
    public sealed record DetectionSteps(
        string Input,
        string Boxes,
        string Scores,
        IReadOnlyList<DetectionPass> Passes,
        int TurnedPasses,
        float MinScore,
        float TurnedMinScore,
        float SameFaceOverlap,
        float InsideShare,
        int MaxFaces,
        int MaxPixelsAtOnce,
        int StripOverlap,
        int SideMultiple,
        SecondLook SecondLook,
        int FirstStride,
        float CentreVariance,
        float SizeVariance,
        IReadOnlyList<Anchor[]> Anchors);

    /// <summary>One search of the picture at a given size.</summary>
    /// <param name="Side">Longest side to which the picture is resized, in pixels.</param>
    /// <param name="AtLeast">Skip the pass for pictures with a shorter longest side.</param>
    /// <param name="MinSize">Minimum longer side of a reported box, in pixels of the resized picture.</param>
    /// <param name="MaxSize">Maximum longer side of a reported box; null for any.</param>
    /// <param name="Margin">Black pixels around the picture.</param>
    /// <param name="Maps">Number of feature maps, from the finest, whose faces count.</param>
    public sealed record DetectionPass(int Side, int AtLeast, float MinSize, float? MaxSize, int Margin, int Maps);

    /// <summary>Which faces are doubtful, and how to check them again in a crop.</summary>
    /// <param name="SureScore">Faces with at least this score are not doubtful.</param>
    /// <param name="MinScore">Minimum score in the crop.</param>
    /// <param name="SmallFace">Faces with a shorter longer side are not checked, in pixels.</param>
    /// <param name="ClosePortrait">Faces that fill more than this share of the picture are not checked.</param>
    /// <param name="Share">Side of the square crop, as a multiple of the face's longer side.</param>
    /// <param name="Side">Side to which the crop is resized, in pixels.</param>
    public sealed record SecondLook(float SureScore, float MinScore, float SmallFace, float ClosePortrait, float Share, int Side);

    /// <summary>The reference box of an encoded box, in pixels of the model's input.</summary>
    /// <param name="Height">Height in pixels.</param>
    /// <param name="Width">Width in pixels.</param>
    public sealed record Anchor(float Height, float Width);

    /// <summary>How to find landmarks: in the face's box, then again in an upright square around it. Input planes as for the detector.</summary>
    /// <param name="Input">Name of the model's input.</param>
    /// <param name="Output">Name of the model's output.</param>
    /// <param name="Count">Number of landmarks.</param>
    /// <param name="Side">Side of the input, in pixels.</param>
    /// <param name="UprightCentre">Centre of the upright square, in pixels of the chip of <see cref="Upright"/>.</param>
    /// <param name="UprightSide">Side of the upright square, in pixels of that chip.</param>
    public sealed record LandmarkSteps(string Input, string Output, int Count, int Side, Point UprightCentre, float UprightSide);

    /// <summary>Criteria for upright faces. A photo without a surely upright face is also searched rotated.</summary>
    /// <param name="Alignment">The chip for measuring the misfit.</param>
    /// <param name="MaxMisfit">Maximum root mean square distance between landmarks and their positions, in pixels of the chip.</param>
    /// <param name="MinScore">Minimum score.</param>
    /// <param name="SureScore">Faces with at least this score are surely upright.</param>
    /// <param name="LeftEye">Landmarks of the eye at the left of the picture.</param>
    /// <param name="RightEye">Landmarks of the eye at the right of the picture.</param>
    public sealed record UprightFace(ChipAlignment Alignment, float MaxMisfit, float MinScore, float SureScore, IReadOnlyList<int> LeftEye, IReadOnlyList<int> RightEye);

    /// <summary>Target positions of landmarks in a chip.</summary>
    /// <param name="Side">Side of the chip, in pixels.</param>
    /// <param name="MaxSamples">Maximum samples per pixel along each axis.</param>
    /// <param name="Points">The landmarks and their positions.</param>
    public sealed record ChipAlignment(int Side, int MaxSamples, IReadOnlyList<AlignmentPoint> Points);

    /// <summary>Target position of the mean of some landmarks.</summary>
    /// <param name="Landmarks">Indices of the landmarks.</param>
    /// <param name="X">Pixels from the left edge.</param>
    /// <param name="Y">Pixels from the top edge.</param>
    public sealed record AlignmentPoint(IReadOnlyList<int> Landmarks, float X, float Y);

    /// <summary>A position in a chip.</summary>
    /// <param name="X">Pixels from the left edge.</param>
    /// <param name="Y">Pixels from the top edge.</param>
    public sealed record Point(float X, float Y);

    /// <summary>How to name a face with the exported model.</summary>
    /// <param name="Input">Name of the input: a chip of <see cref="Alignment"/>, red, green, blue, 0 to 255.</param>
    /// <param name="Probabilities">Name of the output: the probability of each person, then of a stranger.</param>
    /// <param name="LeastProbability">Minimum probability for naming a face.</param>
    /// <param name="Unknown">Name of all other faces.</param>
    public sealed record NamingRule(string Input, string Probabilities, float LeastProbability, string Unknown);
}
