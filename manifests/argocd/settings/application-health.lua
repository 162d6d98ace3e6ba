-- Health of an Application, which Argo CD leaves out by default: with it the operator's Application is Healthy before
-- the wave of the games begins. An Application may say that no wave waits for it: the way in is Healthy only once the
-- game behind it is there, and a cluster may lack the kinds of monitoring.
local health = {status = "Progressing", message = "waiting for its first comparison"}
if obj.status ~= nil and obj.status.health ~= nil and obj.status.health.status ~= nil then
  health.status = obj.status.health.status
  health.message = obj.status.health.message or ""
end
local annotations = obj.metadata.annotations or {}
if annotations["chesscluster.dev/holds-waves"] == "false" then
  return {status = "Healthy", message = "no wave waits for it; it is itself " .. health.status}
end
return health
