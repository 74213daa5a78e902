// A picture → faces as vectors, or whether they are a person's. No state, no sidecar: every request stands for itself.
using FindMe.Pipeline;
using FindMe.Vision;

var builder = WebApplication.CreateBuilder(args);

builder.AddServiceDefaults();
builder.Services.AddVisionLimits();
builder.Services.AddFaceEngine();
builder.Services.AddOpenApi();

var app = builder.Build();

app.MapServiceDefaults();
app.UseVisionLimits();
app.MapOpenApi();
app.MapFaceVectors();
app.MapAwsLambdaFace();
app.MapUnknownRoutes();

app.Run();
